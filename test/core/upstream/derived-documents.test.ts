import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { RegistryError } from '../../../core/errors/registry-error.js'
import type { PackageIndex } from '../../../core/plugin/package-index.js'
import type { ProtocolRequest } from '../../../core/request/protocol-request.js'
import type { Reply } from '../../../core/request/reply.js'
import { defaultLimits } from '../../../core/runtime/limits.js'
import type { Document } from '../../../core/storage/document-reader.js'
import { DerivedDocuments } from '../../../core/upstream/derived-documents.js'
import { PackedDocument } from '../../../core/upstream/packed-document.js'
import { StorageWorld } from '../../support/storage-world.js'

const place = { organizationId: 'o_1', repositoryId: 'r_1', plugin: 'raw' }
const signatures = { keys: async () => [], sign: async () => [] }
const base = new URL('http://registry.example.com/acme/x/')

/** Lists the keys of a package; counts how often it was asked to work. */
class KeyList implements PackageIndex<readonly string[]> {
  readonly name = 'keys'
  loads = 0
  renders = 0
  beforeLoadEnds: () => Promise<void> = async () => {}
  constructor(readonly etag: 'weak' | 'strong') {}
  async load(pkg: string, documents: StorageWorld['documents']) {
    this.loads++
    const found: Document[] = []
    for await (const document of documents.list([pkg])) found.push(document)
    await this.beforeLoadEnds()
    return found.length === 0 ? undefined : found.map(({ key }) => key.slice(1).join('/'))
  }
  readonly render = (view: readonly string[], flavour: string, url: URL) => {
    this.renders++
    return { contentType: 'text/plain', body: Buffer.from(`${flavour} ${url.href} ${view.join(' ')} ${'.'.repeat(2_000)}`) }
  }
}

function asking(headers: Record<string, string> = {}): ProtocolRequest {
  return { header: (name: string) => headers[name] } as unknown as ProtocolRequest
}

describe('a derived document', () => {
  let world: StorageWorld
  let derived: DerivedDocuments
  let index: KeyList
  beforeEach(async () => {
    world = await StorageWorld.open()
    derived = new DerivedDocuments(defaultLimits)
    index = new KeyList('weak')
  })
  const ask = async (headers: Record<string, string> = {}, flavour = 'full', at = base): Promise<Reply> => {
    const served = await derived.find({ index, pkg: 'p', place, documents: world.documents, base: at, signatures })
    if (!served) throw new Error('nothing is served')
    return served.reply(flavour, asking(headers))
  }

  it('is nothing where the package never was', async () => {
    expect(await derived.find({ index, pkg: 'p', place, documents: world.documents, base, signatures })).to.equal(undefined)
  })

  it('is rendered once for a revision, and anew after a commit', async () => {
    await world.change().putDocument(['p', 'a'], 1).commit()
    const first = await ask()
    await Promise.all([ask(), ask()])
    expect([index.loads, index.renders]).to.deep.equal([1, 1])
    await world.change().putDocument(['p', 'b'], 1).commit()
    const second = await ask()
    expect(Buffer.from(second.body as Uint8Array).toString()).to.match(/^full http:\/\/registry\.example\.com\/acme\/x\/ a b /)
    expect(second.etag).not.to.equal(first.etag)
  })

  it('answers 304 from the head alone', async () => {
    await world.change().putDocument(['p', 'a'], 1).commit()
    const { etag = '' } = await ask()
    const again = await ask({ 'if-none-match': `"other", ${etag.slice(2)}` })
    expect([again.status, again.etag, again.body, index.loads]).to.deep.equal([304, etag, undefined, 1])
  })

  it('has another tag, and other bytes, for another flavour and another address', async () => {
    await world.change().putDocument(['p', 'a'], 1).commit()
    const tags = [await ask(), await ask({}, 'short'), await ask({}, 'full', new URL('http://other.example.com/'))].map(
      ({ etag }) => etag,
    )
    expect(new Set(tags).size).to.equal(3)
  })

  it('comes in the coding that the client takes, under one tag', async () => {
    await world.change().putDocument(['p', 'a'], 1).commit()
    const plain = await ask()
    const gzip = await ask({ 'accept-encoding': 'gzip, deflate' })
    const brotli = await ask({ 'accept-encoding': 'gzip;q=0.5, br' })
    expect([plain, gzip, brotli].map(({ headers }) => headers['content-encoding'])).to.deep.equal([undefined, 'gzip', 'br'])
    expect(gunzipSync(gzip.body as Uint8Array)).to.deep.equal(Buffer.from(plain.body as Uint8Array))
    expect(brotliDecompressSync(brotli.body as Uint8Array)).to.deep.equal(Buffer.from(plain.body as Uint8Array))
    expect([gzip.etag, brotli.etag]).to.deep.equal([plain.etag, plain.etag])
    expect(gzip.headers['vary']).to.equal('Accept, Accept-Encoding, Authorization')
  })

  it('is never made of two revisions: a commit while it is read makes it read again', async () => {
    await world.change().putDocument(['p', 'a'], 1).commit()
    let once = true
    index.beforeLoadEnds = async () => {
      if (!once) return
      once = false
      await world.change().putDocument(['p', 'b'], 1).commit()
    }
    const reply = await ask()
    expect(Buffer.from(reply.body as Uint8Array).toString()).to.match(/ a b /)
    expect(reply.etag).to.match(/^W\/"2-full-/)
  })

  it('by the bytes, where the index says so, and then uncompressed', async () => {
    index = new KeyList('strong')
    await world.change().putDocument(['p', 'a'], 1).commit()
    const reply = await ask({ 'accept-encoding': 'br' })
    expect(reply.etag).to.match(/^"[0-9a-f]{40}"$/)
    expect(reply.headers['content-encoding']).to.equal(undefined)
  })

  it('is not found once its documents are gone', async () => {
    await world.change().putDocument(['p', 'a'], 1).commit()
    await world.change().deleteDocument(['p', 'a']).commit()
    const thrown: unknown = await ask().catch((reason: unknown) => reason)
    expect(thrown).to.be.instanceOf(RegistryError)
    expect((thrown as RegistryError).kind).to.equal('not-found')
  })

  describe('that is too large to be held', () => {
    const lines = Array.from({ length: 3_000 }, (_, line) => `line ${line}: ${'ü'.repeat(line % 50)}\n`)
    const whole = Buffer.from(lines.join(''))
    let writings: number
    let beforeLastPiece: () => Promise<void>
    const large: PackageIndex<true> = {
      name: 'large',
      etag: 'weak',
      load: async () => true,
      render: () => ({ contentType: 'text/plain', body: pieces() }),
    }
    async function* pieces(): AsyncGenerator<string> {
      writings += 1
      yield* lines.slice(0, -1)
      await beforeLastPiece()
      yield lines.at(-1) ?? ''
    }
    const askLarge = async (coding?: string) => {
      const served = await derived.find({ index: large, pkg: 'p', place, documents: world.documents, base, signatures })
      if (!served) throw new Error('nothing is served')
      return served.reply('full', asking(coding === undefined ? {} : { 'accept-encoding': coding }))
    }
    beforeEach(async () => {
      writings = 0
      beforeLastPiece = async () => {}
      derived = new DerivedDocuments({ ...defaultLimits, documentCache: 512 * 1024 })
      await world.change().putDocument(['p', 'a'], 1).commit()
    })

    it('is written once, kept packed, and unpacked while it is sent', async () => {
      const [gzip, brotli, plain] = [await askLarge('gzip'), await askLarge('br'), await askLarge()]
      expect([gzip, brotli, plain].map(({ headers }) => headers['content-encoding'])).to.deep.equal(['gzip', 'br', undefined])
      expect(gunzipSync(gzip.body as Uint8Array).equals(whole)).to.equal(true)
      expect(brotliDecompressSync(brotli.body as Uint8Array).equals(whole)).to.equal(true)
      const { body } = plain
      if (!(body instanceof PackedDocument)) throw new Error('it is held whole')
      expect(body.size).to.equal(whole.length)
      expect((await buffer(await body.open())).equals(whole)).to.equal(true)
      expect(await buffer(await body.open({ start: 70_001, end: 70_009 }))).to.deep.equal(whole.subarray(70_001, 70_009))
      const givenUp = await body.open()
      await once(givenUp, 'readable')
      givenUp.destroy()
      await once(givenUp, 'close')
      expect(writings).to.equal(1)
      expect(new Set([gzip, brotli, plain].map(({ etag }) => etag)).size).to.equal(1)
    })

    it('is written again when a commit came while it was written', async () => {
      beforeLastPiece = async () => {
        beforeLastPiece = async () => {}
        await world.change().putDocument(['p', 'b'], 1).commit()
      }
      expect((await askLarge('gzip')).etag).to.match(/^W\/"2-full-/)
      expect(writings).to.equal(2)
    })

    it('is served as it was read, and kept by nobody, where its package never stands still', async () => {
      let commits = 1
      beforeLastPiece = async () => {
        commits += 1
        await world
          .change()
          .putDocument(['p', `${commits}`], 1)
          .commit()
      }
      for (const [coding, unpack] of [
        ['gzip', gunzipSync],
        ['br', brotliDecompressSync],
      ] as const) {
        const { etag, headers, body, status } = await askLarge(coding)
        expect([status, etag, headers['cache-control'], headers['content-encoding']]).to.deep.equal([
          200,
          undefined,
          'no-store',
          coding,
        ])
        expect(unpack(body as Uint8Array).equals(whole)).to.equal(true)
      }
      expect([writings, commits]).to.deep.equal([8, 9])
      beforeLastPiece = async () => {}
      expect((await askLarge('gzip')).etag).to.match(/^W\/"9-full-/)
    })

    it('lets others have their turns while it is written', async () => {
      let told = false
      beforeLastPiece = async () => {}
      const patient: PackageIndex<true> = {
        ...large,
        render: () => ({
          contentType: 'text/plain',
          body: (async function* () {
            while (!told) yield ''
            yield 'told'
          })(),
        }),
      }
      setTimeout(() => {
        told = true
      })
      const served = await derived.find({ index: patient, pkg: 'p', place, documents: world.documents, base, signatures })
      const reply = await served?.reply('full', asking())
      expect(Buffer.from(reply?.body as Uint8Array).toString()).to.equal('told')
    })

    it('fails when its source does, and is not kept', async () => {
      beforeLastPiece = async () => {
        throw new Error('the source broke')
      }
      const thrown: unknown = await askLarge('gzip').catch((reason: unknown) => reason)
      expect((thrown as Error).message).to.equal('the source broke')
      beforeLastPiece = async () => {}
      expect(gunzipSync((await askLarge('gzip')).body as Uint8Array).equals(whole)).to.equal(true)
    })
  })
})
