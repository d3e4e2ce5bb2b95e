import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { NodeDigestService } from '../../../core/digest/node-digest-service.js'
import { invalid, RegistryError } from '../../../core/errors/registry-error.js'
import { ExpiredUploads } from '../../../core/housekeeping/expired-uploads.js'
import type { Lease } from '../../../core/housekeeping/leases.js'
import { defaultLimits } from '../../../core/runtime/limits.js'
import { MemoryBlobStore } from '../../../core/storage/drivers/memory-blob-store.js'
import { MemoryMetadataStore } from '../../../core/storage/drivers/memory-metadata-store.js'
import { SealedBlobStore } from '../../../core/storage/encryption/sealed-blob-store.js'
import { ResumableUploads, type SessionPlace } from '../../../core/storage/resumable-uploads.js'
import { Uploads } from '../../../core/storage/staged-upload.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import type { UploadSession } from '../../../core/storage/upload-session.js'
import { FixedClock } from '../../support/fixed-clock.js'

const day = 24 * 60 * 60_000
const dora: SessionPlace = {
  ...{
    organizationId: 'o_1',
    repositoryId: 'r_1',
    actor: 'u_dora',
    limit: 1000,
    digests: [],
    declared: undefined,
    plugin: 'raw',
  },
}

/** One store, and as many processes on it as are asked for. */
class Node {
  static readonly clock = new FixedClock()
  constructor(
    readonly metadata = new MemoryMetadataStore(),
    readonly blobs = new MemoryBlobStore(),
  ) {}
  async process(openUploads = 3): Promise<ResumableUploads> {
    const sealed = new SealedBlobStore(this.blobs, undefined as never, 'off')
    const digests = await NodeDigestService.open()
    const uploads = new Uploads(this.metadata, sealed, digests, Node.clock)
    const limits = { ...defaultLimits, uploadPiece: 10, openUploads }
    return new ResumableUploads(this.metadata, sealed, uploads, Node.clock, limits, digests)
  }
  /** What is left of everything: rows as partition kinds, and objects. */
  async left(): Promise<readonly string[]> {
    const found: string[] = []
    for await (const { entry } of this.metadata.scan()) found.push(entry.key.partition.split('\0')[1] ?? '')
    for await (const _ of this.blobs.list('')) found.push('object')
    return found.sort()
  }
  /** Streams of blobs that were opened since. */
  reads(): () => number {
    let count = 0
    const open = this.blobs.open.bind(this.blobs)
    this.blobs.open = (...asked) => {
      count += 1
      return open(...asked)
    }
    return () => count
  }
}
const bytes = (text: string) => Readable.from([Buffer.from(text)], { objectMode: false })
/** Gives some bytes and breaks off. */
const broken = (text: string) =>
  Readable.from(
    (async function* () {
      yield Buffer.from(text)
      throw invalid('The upload broke off')
    })(),
    { objectMode: false },
  )
const content = async (uploads: ResumableUploads, session: UploadSession) => {
  const chunks: Buffer[] = []
  for await (const chunk of uploads.bytes(dora, [session])) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
const text = async (stream: Promise<Readable>) => {
  const chunks: Buffer[] = []
  for await (const chunk of await stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
const refusal = async (promise: Promise<unknown>) => {
  try {
    await promise
  } catch (thrown) {
    if (thrown instanceof RegistryError) return { kind: thrown.kind, ...thrown.detail }
    throw thrown
  }
  return { kind: 'fine' }
}

describe('an upload that comes in several requests', () => {
  let node: Node
  let uploads: ResumableUploads
  beforeEach(async () => {
    node = new Node()
    uploads = await node.process()
  })

  it('is gone on with by another process, byte for byte, and read in order', async () => {
    const session = await uploads.create(dora, { target: 'f' }, 26)
    const half = await uploads.append(dora, session, 0, bytes('abcdefghijklm'), {})
    expect(half.offset).to.equal(13)
    const elsewhere = await node.process()
    const found = await elsewhere.get(dora, session.id)
    expect([found.offset, found.length, found.note]).to.deep.equal([13, 26, { target: 'f' }])
    const whole = await elsewhere.append(dora, found, 13, bytes('nopqrstuvwxyz'), {})
    expect(await content(uploads, whole)).to.equal('abcdefghijklmnopqrstuvwxyz')
  })

  it('keeps what a request brought before it broke off', async () => {
    const session = await uploads.create(dora, {}, 26)
    expect((await refusal(uploads.append(dora, session, 0, broken('abcdefghijklm'), {}))).kind).to.equal('invalid')
    const found = await uploads.get(dora, session.id)
    expect([found.offset, await content(uploads, found)]).to.deep.equal([13, 'abcdefghijklm'])
  })

  it('drops all of a request that is judged, where it breaks off or is judged wrong', async () => {
    const session = await uploads.create(dora, {}, 26)
    const judge = ({ sha1 }: { sha1?: string }) => {
      if (sha1 !== '03de6c570bfe24bfc328ccd7ca46b76eadaf4334') throw invalid('not abcde')
    }
    const options = { digests: ['sha1'] as const, judge }
    await refusal(uploads.append(dora, session, 0, broken('abcde'), options))
    expect((await refusal(uploads.append(dora, session, 0, bytes('other bytes'), options))).kind).to.equal('invalid')
    expect(await node.left()).to.deep.equal(['i', 's'])
    expect((await uploads.append(dora, session, 0, bytes('abcde'), options)).offset).to.equal(5)
  })

  it('of two writers at one offset, in two processes, takes one and tells the other where it stands', async () => {
    const session = await uploads.create(dora, {}, 26)
    const [one, other] = [uploads, await node.process()]
    const outcomes = await Promise.all(
      [one, other].map((process, at) => refusal(process.append(dora, session, 0, bytes(at === 0 ? 'abcdef' : 'uvwxyz'), {}))),
    )
    expect(outcomes.map(({ kind }) => kind).sort()).to.deep.equal(['conflict', 'fine'])
    expect(outcomes.find(({ kind }) => kind === 'conflict')).to.include({ code: 'upload-offset', offset: 6 })
    expect((await content(uploads, await one.get(dora, session.id))).length).to.equal(6)
    // The loser's bytes and its intent are gone: upload, piece, place and one object are left.
    expect(await node.left()).to.deep.equal(['i', 'i', 'object', 's'])
  })

  it('a client that comes back ends its own earlier request, and what that brought counts', async () => {
    const session = await uploads.create(dora, {}, 26)
    let push: (chunk: Buffer | null) => void = () => undefined
    const hanging = new Readable({ read() {} })
    push = (chunk) => hanging.push(chunk)
    const first = refusal(uploads.append(dora, session, 0, hanging, {}))
    push(Buffer.from('abc'))
    await new Promise((resolve) => setImmediate(resolve))
    const found = await uploads.get(dora, session.id)
    expect(await first).to.deep.equal({ kind: 'conflict', code: 'upload.superseded' })
    expect(found.offset).to.equal(3)
  })

  it('refuses another offset, more than its length, more than the limit', async () => {
    const session = await uploads.create(dora, {}, 12)
    expect(await refusal(uploads.append(dora, session, 5, bytes('x'), {}))).to.deep.equal({
      ...{ kind: 'conflict', code: 'upload-offset', offset: 0 },
    })
    expect((await refusal(uploads.append(dora, session, 0, bytes('thirteen byte'), {}))).kind).to.equal('too-large')
    expect((await uploads.get(dora, session.id)).offset, 'the pieces before').to.equal(12)
    expect((await refusal(uploads.create(dora, {}, 1001))).kind).to.equal('too-large')
    const open = await uploads.create(dora, {}, undefined)
    expect((await refusal(uploads.append(dora, open, 0, bytes('x'.repeat(1001)), {}))).kind).to.equal('too-large')
    expect((await uploads.setLength(dora, await uploads.get(dora, open.id), 1000)).length).to.equal(1000)
    expect(await refusal(uploads.setLength(dora, await uploads.get(dora, open.id), 999))).to.include({ code: 'upload-length' })
  })

  it('is nobody else’s: another member, repository, organization or format finds nothing', async () => {
    const { id } = await uploads.create(dora, {}, 5)
    for (const other of [{ actor: 'u_gus' }, { repositoryId: 'r_2' }, { organizationId: 'o_2' }, { plugin: 'npm' }])
      expect(await refusal(uploads.get({ ...dora, ...other }, id))).to.deep.equal({ kind: 'not-found' })
    for (const none of ['', 'x', '../x', '0'.repeat(32)])
      expect((await refusal(uploads.get(dora, none))).kind).to.equal('not-found')
  })

  it('once closed has an outcome and no bytes; once discarded is as if it had never been', async () => {
    const session = await uploads.append(dora, await uploads.create(dora, {}, 5), 0, bytes('abcde'), {})
    await uploads.close(dora, session, { status: 201 })
    const closed = await uploads.get(dora, session.id)
    expect([closed.offset, closed.outcome]).to.deep.equal([5, { status: 201 }])
    expect(await node.left()).to.deep.equal(['i'])
    await uploads.discard(dora, closed)
    expect(await node.left()).to.deep.equal([])
    expect((await refusal(uploads.get(dora, session.id))).kind).to.equal('not-found')
  })

  describe('becomes one blob of its pieces', () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz'
    const sha256 = createHash('sha256').update(alphabet).digest('hex')
    const sha1 = createHash('sha1').update(alphabet).digest('hex')
    const begin = async () => {
      const half = await uploads.append(dora, await uploads.create(dora, {}, 26), 0, bytes(alphabet.slice(0, 13)), {})
      return uploads.append(dora, half, 13, bytes(alphabet.slice(13)), {})
    }

    it('without a second reading or writing where this process took all of it', async () => {
      const session = await begin()
      const [before, reads] = [await node.left(), node.reads()]
      const staged = await uploads.join(dora, [session], { sha256 })
      expect([staged.size, staged.digests, reads()]).to.deep.equal([26, { sha256 }, 0])
      expect(await node.left(), 'an intent and an object').to.deep.equal([...before, 'i', 'object'].sort())
      await uploads.close(dora, session, {})
      expect((await text(staged.open())) + (await text(staged.open({ start: 9, end: 12 })))).to.equal(`${alphabet}jkl`)
      await staged.discard(node.metadata)
      expect(await node.left()).to.deep.equal(['i'])
    })

    it('with one reading, and the same answer, where another process took some of it, or more digests are asked for', async () => {
      const session = await begin()
      const elsewhere = await node.process()
      const reads = node.reads()
      const other = await elsewhere.join(dora, [session])
      expect([other.digests, reads()]).to.deep.equal([{ sha256 }, 4])
      const more = await uploads.join(dora, [session], { sha1 })
      expect([more.digests, reads()]).to.deep.equal([{ sha1, sha256 }, 8])
    })

    it('of several uploads in their order', async () => {
      const parts = [await begin(), await begin()]
      const staged = await uploads.join(dora, parts)
      expect([staged.size, await text(staged.open())]).to.deep.equal([52, alphabet + alphabet])
      expect(staged.digests.sha256).to.equal(
        createHash('sha256')
          .update(alphabet + alphabet)
          .digest('hex'),
      )
    })

    it('or not at all where a promised digest differs: nothing is left of the attempt', async () => {
      const session = await begin()
      const before = await node.left()
      let room = 26
      const shrink = (bytes: number) => {
        room = bytes
      }
      const hold = { size: 0, ensure: async () => undefined, shrink }
      for (const promised of [{ sha256: '0'.repeat(64) }, { sha1: '0'.repeat(40) }]) {
        expect((await refusal(uploads.join({ ...dora, hold }, [session], promised))).kind).to.equal('unprocessable')
        expect(room, 'its room under a quota').to.equal(0)
        room = 26
      }
      expect((await refusal(uploads.join({ ...dora, hold, limit: 25 }, [session]))).kind).to.equal('too-large')
      expect([room, await node.left()]).to.deep.equal([0, before])
      room = 26
      node.blobs.compose = async () => {
        throw invalid('no')
      }
      expect((await refusal(uploads.join({ ...dora, hold }, [session]))).kind).to.equal('invalid')
      expect([room, await node.left()]).to.deep.equal([0, before])
    })

    it('knows no digest of bytes that did not count: the one of two writers that lost, a request that was judged', async () => {
      const session = await uploads.create(dora, {}, 6)
      const other = await node.process()
      const judge = () => {
        throw invalid('wrong')
      }
      await refusal(uploads.append(dora, session, 0, bytes('uvwxyz'), { judge }))
      await Promise.all([
        refusal(uploads.append(dora, session, 0, bytes('abcdef'), {})),
        refusal(other.append(dora, session, 0, bytes('uvwxyz'), {})),
      ])
      const whole = await uploads.get(dora, session.id)
      const won = await content(uploads, whole)
      for (const process of [uploads, other])
        expect((await process.join(dora, [whole])).digests.sha256).to.equal(createHash('sha256').update(won).digest('hex'))
    })

    it('by copying where the pieces are many and tiny, or the store cannot compose', async () => {
      let tiny = await uploads.create({ ...dora, limit: 2000 }, {}, 1001)
      for (let at = 0; at < 1001; at += 1) tiny = await uploads.append(dora, tiny, at, bytes('x'), {})
      const copied = await uploads.join({ ...dora, limit: 2000 }, [tiny])
      expect(await text(copied.open())).to.equal('x'.repeat(1001))
      const session = await begin()
      node.blobs.compose = async () => false
      const before = (await node.left()).filter((kind) => kind === 'i').length
      const staged = await uploads.join(dora, [session], { sha1 })
      expect([await text(staged.open()), staged.digests]).to.deep.equal([alphabet, { sha1, sha256 }])
      await staged.discard(node.metadata)
      expect((await node.left()).filter((kind) => kind === 'i')).to.have.length(before)
    })
  })

  it('is given up a day after its last byte, says so, and is then collected whole', async () => {
    const session = await uploads.append(dora, await uploads.create(dora, {}, 50), 0, bytes('x'.repeat(25)), {})
    Node.clock.advance(day - 1)
    expect((await uploads.append(dora, session, 25, bytes('y'), {})).offset).to.equal(26)
    expect(await uploads.dropExpired('o_1')).to.equal(0)
    Node.clock.advance(day)
    expect(await refusal(uploads.get(dora, session.id))).to.deep.equal({ kind: 'not-found', code: 'upload-expired' })
    expect(await uploads.dropExpired('o_2')).to.equal(0)
    expect(await uploads.dropExpired('o_1')).to.equal(1)
    expect(await node.left()).to.deep.equal([])
  })

  it('whose row alone was collected loses its bytes with the next round of the chore', async () => {
    const { id } = await uploads.append(dora, await uploads.create(dora, {}, 50), 0, bytes('x'.repeat(25)), {})
    const key = tenantKeys.intent('o_1', id)
    await node.metadata.commit([{ op: 'delete', key }], 'swept')
    const lease = { check: () => undefined } as unknown as Lease
    await node.metadata.commit(
      [{ op: 'put', key: tenantKeys.organizationEntry('acme'), value: { v: 1, organization: 'o_1' } }],
      'o',
    )
    const chore = new ExpiredUploads(node.metadata, uploads)
    expect(await chore.run({ lease, signal: new AbortController().signal, dryRun: true })).to.deep.equal({ dropped: 1 })
    expect((await node.left()).filter((kind) => kind === 'object')).to.have.length(3)
    expect(await chore.run({ lease, signal: new AbortController().signal })).to.deep.equal({ dropped: 1 })
    expect(await node.left()).to.deep.equal(['orgs', 's'])
    expect(await chore.run({ lease, signal: new AbortController().signal })).to.equal(undefined)
  })

  it('lives a week at most, however busy', async () => {
    let session = await uploads.create(dora, {}, undefined)
    for (let days = 0; days < 7; days++) {
      session = await uploads.append(dora, session, session.offset, bytes('x'), {})
      Node.clock.advance(day - 1)
    }
    expect(session.expires.getTime()).to.be.below(Node.clock.now().getTime() + 2 * day)
    Node.clock.advance(day)
    expect(await refusal(uploads.get(dora, session.id))).to.include({ code: 'upload-expired' })
  })

  it('has as many beside it as a caller may leave unfinished, counted over all processes', async () => {
    const other = await node.process()
    const begun = await Promise.all([uploads, other, uploads].map((process) => process.create(dora, {}, 5)))
    expect((await refusal(other.create(dora, {}, 5))).kind).to.equal('throttled')
    expect((await other.create({ ...dora, actor: 'u_gus' }, {}, 5)).offset, 'somebody else').to.equal(0)
    await other.discard(dora, begun[0] as UploadSession)
    expect((await uploads.create(dora, {}, 5)).offset).to.equal(0)
  })
})
