import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { BlobCipher, storedSize } from '../../../../core/storage/encryption/crb1-format.js'
import { OpeningStream } from '../../../../core/storage/encryption/opening-stream.js'
import { SealingStream } from '../../../../core/storage/encryption/sealing-stream.js'

const dataKey = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
const blobId = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'
const sizes = [0, 1, 2 ** 18 - 1, 2 ** 18, 2 ** 18 + 1, 3 * 2 ** 18 + 77]

/** Bytes that anybody can make again. */
function plainOf(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff
  return bytes
}

/** The format again, written down from its table and from nothing else. */
function reference(plain: Buffer): Buffer {
  const salt = Buffer.from(blobId, 'hex')
  const derive = (info: string) => Buffer.from(hkdfSync('sha256', dataKey, salt, info, 32))
  const header = Buffer.concat([Buffer.from('CRB1'), Buffer.from([1, 18, 0, 0]), salt, derive('commit'), Buffer.alloc(8)])
  const aad = createHash('sha256').update(header).digest()
  const parts = [header]
  const count = Math.max(1, Math.ceil(plain.length / 262_144))
  for (let i = 0; i < count; i++) {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(i, 7)
    nonce[11] = i === count - 1 ? 1 : 0
    const cipher = createCipheriv('aes-256-gcm', derive('chunk'), nonce).setAAD(aad)
    parts.push(cipher.update(plain.subarray(i * 262_144, (i + 1) * 262_144)), cipher.final(), cipher.getAuthTag())
  }
  return Buffer.concat(parts)
}

async function seal(plain: Buffer, piece = 70_001): Promise<Buffer> {
  const sealing = new SealingStream(new BlobCipher(dataKey, blobId))
  const pieces: Buffer[] = []
  for (let at = 0; at < plain.length; at += piece) pieces.push(plain.subarray(at, at + piece))
  const [sealed] = await Promise.all([buffer(sealing), pipeline(Readable.from(pieces), sealing)])
  return sealed
}

async function open(stored: Buffer, size: number, range = { start: 0, end: size }): Promise<Buffer> {
  const opening = new OpeningStream(new BlobCipher(dataKey, blobId), size, range, () => {})
  const [plain] = await Promise.all([buffer(opening), pipeline(Readable.from([stored]), opening)])
  return plain
}

/** SHA-256 of what each size seals to, under the key and id above. */
const vectors: Readonly<Record<number, string>> = Object.fromEntries(
  sizes.map((size) => [
    size,
    createHash('sha256')
      .update(reference(plainOf(size)))
      .digest('hex'),
  ]),
)

describe('the sealed format CRB1', () => {
  for (const size of sizes) {
    it(`seals ${size} bytes as its table says, whatever pieces they come in`, async () => {
      for (const piece of [1 + (size >> 3), 70_001, 262_144, 10_000_000]) {
        const sealed = await seal(plainOf(size), piece)
        expect(sealed.length).to.equal(storedSize(size))
        expect(createHash('sha256').update(sealed).digest('hex')).to.equal(vectors[size])
      }
      expect((await open((await seal(plainOf(size))).subarray(64), size)).equals(plainOf(size))).to.equal(true)
    })
  }

  it('seals one byte to a known ciphertext', async () => {
    expect((await seal(Buffer.from([0]))).toString('hex')).to.equal(reference(Buffer.from([0])).toString('hex'))
  })

  it('binds every chunk to its number, to being last, to the blob and to the key', async () => {
    const size = 3 * 2 ** 18
    const sealed = (await seal(randomBytes(size))).subarray(64)
    const chunk = 2 ** 18 + 16
    const [a, b, c] = [sealed.subarray(0, chunk), sealed.subarray(chunk, 2 * chunk), sealed.subarray(2 * chunk)]
    const failures = await Promise.all(
      [
        [Buffer.concat([b, a, c]), size],
        [Buffer.concat([a, a, c]), size],
        [Buffer.concat([a, b]), 2 * 2 ** 18],
        [Buffer.concat([a, b, c, c]), size],
        [Buffer.concat([a, b]), size],
      ].map(([stored, plainSize]) =>
        open(stored as Buffer, plainSize as number).then(
          () => 'opened',
          () => 'refused',
        ),
      ),
    )
    expect(failures).to.deep.equal(Array(5).fill('refused'))
    expect(() => new BlobCipher(randomBytes(32), blobId).checkHeader(new BlobCipher(dataKey, blobId).header)).to.throw()
    expect(() =>
      new BlobCipher(dataKey, randomBytes(16).toString('hex')).checkHeader(new BlobCipher(dataKey, blobId).header),
    ).to.throw()
  })
})
