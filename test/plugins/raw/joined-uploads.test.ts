import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { expect } from 'chai'
import type { HouseParts } from '#core/host'
import raw from '../../../plugins/raw/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'

const piece = 32 * 1024
const bytesType = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' }
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const b64 = (text: string) => Buffer.from(text).toString('base64')

/** Pieces become the file as they lie, whichever process took them; what it costs is told by what lies on the disk. */
describe('a resumable upload of many pieces', () => {
  let house: House
  let other: House
  let folder = ''
  const limits: Pick<HouseParts, 'limits'> = { limits: { uploadPiece: piece } }
  before(async () => {
    house = await openHouse({
      plugins: [raw],
      store: 'files',
      repositories: [{ name: 'files', format: 'raw' }],
      parts: async (made) => {
        folder = made ?? ''
        return limits
      },
    })
    other = await openHouse({ plugins: [raw], beside: house, parts: async () => limits })
  })
  after(async () => {
    await other.close()
    await house.close()
  })

  const begin = async (path: string, length: number) => {
    const made = await house.call('POST', '/acme/files/-/tus/', {
      headers: { 'tus-resumable': '1.0.0', 'upload-length': String(length), 'upload-metadata': `path ${b64(path)}` },
    })
    return new URL(made.headers['location'] ?? '', house.url).pathname
  }
  const patch = (on: House, target: string, offset: number, body: Uint8Array): Promise<Answer> =>
    on.call('PATCH', target, { headers: { ...bytesType, 'upload-offset': String(offset) }, body })
  /** What lies in the blob store, as the file system has it: composed blobs are folders. */
  const composed = async () => (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.pieces')).length
  const content = randomBytes(5 * piece + 77)

  for (const [title, next] of [
    ['one process', () => house],
    ['two processes by turns', () => other],
  ] as const) {
    it(`taken by ${title} is one file: whole, by range, and with its digest`, async () => {
      const path = `large/${title.replaceAll(' ', '-')}.bin`
      const whole = Buffer.concat([content, Buffer.from(title)])
      const before = await house.storedBlobs()
      const upload = await begin(path, whole.length)
      expect((await patch(house, upload, 0, whole.subarray(0, 2 * piece + 5))).status).to.equal(204)
      expect((await patch(next(), upload, 2 * piece + 5, whole.subarray(2 * piece + 5))).status).to.equal(204)
      expect(await house.storedBlobs(), 'no piece is left').to.equal(before + 1)
      for (const reader of [house, other]) {
        const got = await reader.call('GET', `/acme/files/${path}`)
        expect([got.status, got.headers['etag'], got.headers['content-length']]).to.deep.equal([
          200,
          `"${sha256(whole)}"`,
          String(whole.length),
        ])
        expect(got.body.equals(whole)).to.equal(true)
        const part = await reader.call('GET', `/acme/files/${path}`, {
          headers: { range: `bytes=${piece - 3}-${4 * piece + 1}` },
        })
        expect([part.status, part.body.equals(whole.subarray(piece - 3, 4 * piece + 2))]).to.deep.equal([206, true])
        expect((await reader.call('GET', `/acme/files/${path}.sha1`)).text()).to.equal(
          createHash('sha1').update(whole).digest('hex'),
        )
      }
    })
  }

  it('lies as its pieces were written, and a digest promised at first holds of the whole', async () => {
    expect(await composed()).to.equal(2)
    const half = content.subarray(0, 3 * piece)
    const digest = (of: Uint8Array) => `sha-256=:${createHash('sha256').update(of).digest('base64')}:`
    const draft = (method: string, target: string, body: Uint8Array, headers: Record<string, string>) =>
      house.call(method, target, { body, headers })
    for (const [promised, status] of [
      [content, 201],
      [half, 400],
    ] as const) {
      const begun = await draft('PUT', `/acme/files/draft-${status}.bin`, half, {
        'upload-complete': '?0',
        'repr-digest': digest(promised),
      })
      const done = await draft('PATCH', new URL(begun.headers['location'] ?? '').pathname, content.subarray(3 * piece), {
        'content-type': 'application/partial-upload',
        'upload-complete': '?1',
        'upload-offset': String(half.length),
      })
      expect(done.status).to.equal(status)
    }
    expect(await composed()).to.equal(3)
    expect((await house.call('GET', '/acme/files/draft-201.bin')).body.equals(content)).to.equal(true)
    expect((await house.call('GET', '/acme/files/draft-400.bin')).status).to.equal(404)
  })

  it('of bytes that are stored already takes the blob that is there', async () => {
    const [blobs, folders] = [await house.storedBlobs(), await composed()]
    const upload = await begin('again.bin', content.length)
    expect((await patch(house, upload, 0, content)).status).to.equal(204)
    expect((await house.call('GET', '/acme/files/again.bin')).body.equals(content)).to.equal(true)
    expect([await house.storedBlobs(), await composed()]).to.deep.equal([blobs, folders])
  })

  it('joined of concatenated uploads is one file in their order', async () => {
    const parts: string[] = []
    for (const half of [content.subarray(0, 2 * piece), content.subarray(2 * piece)]) {
      const made = await house.call('POST', '/acme/files/-/tus/', {
        headers: { 'tus-resumable': '1.0.0', 'upload-length': String(half.length), 'upload-concat': 'partial' },
      })
      const at = new URL(made.headers['location'] ?? '', house.url).pathname
      expect((await patch(house, at, 0, half)).status).to.equal(204)
      parts.push(at)
    }
    const final = await house.call('POST', '/acme/files/-/tus/', {
      headers: {
        'tus-resumable': '1.0.0',
        'upload-concat': `final;${parts.join(' ')}`,
        'upload-metadata': `path ${b64('joined.bin')}`,
      },
    })
    expect(final.status).to.equal(201)
    expect((await house.call('GET', '/acme/files/joined.bin')).body.equals(content)).to.equal(true)
  })
})
