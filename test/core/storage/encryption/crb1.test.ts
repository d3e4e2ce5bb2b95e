import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { SealingStream } from '../../../../core/storage/encryption/sealing-stream.js'

const chunk = 2 ** 18
const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk + 77]

/** The format written down a second time, from the guide alone: HKDF by HMAC (RFC 5869), one buffer at a time. */
function reference(dataKey: Buffer, blobId: string, plain: Buffer): Buffer {
  const hmac = (key: Buffer, ...parts: (Buffer | string)[]) => {
    const mac = createHmac('sha256', key)
    for (const part of parts) mac.update(part)
    return mac.digest()
  }
  const id = Buffer.from(blobId, 'hex')
  const secret = hmac(id, dataKey)
  const commitment = hmac(secret, 'commit', Buffer.from([1]))
  const key = hmac(secret, 'chunk', Buffer.from([1]))
  const header = Buffer.concat([Buffer.from('CRB1'), Buffer.from([1, 18, 0, 0]), id, commitment, Buffer.alloc(8)])
  const out = [header]
  const count = Math.max(1, Math.ceil(plain.length / chunk))
  for (let index = 0; index < count; index += 1) {
    const nonce = Buffer.from([
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      index >>> 24,
      (index >>> 16) & 255,
      (index >>> 8) & 255,
      index & 255,
      index === count - 1 ? 1 : 0,
    ])
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(createHash('sha256').update(header).digest())
    out.push(cipher.update(plain.subarray(index * chunk, (index + 1) * chunk)), cipher.final(), cipher.getAuthTag())
  }
  return Buffer.concat(out)
}

const fixedKey = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
const fixedId = 'f0e1d2c3b4a5968778695a4b3c2d1e0f'
class FixedSealing extends SealingStream {
  protected override newDataKey(): Buffer {
    return fixedKey
  }
}
const pattern = (size: number) => Buffer.from(Array.from({ length: size }, (_, at) => (at * 7 + (at >>> 8)) & 255))

async function sealedBy(plain: Buffer, pieces: readonly number[]): Promise<Buffer> {
  const out: Buffer[] = []
  const target = new Writable({
    write(piece: Buffer, _encoding, done) {
      out.push(Buffer.from(piece))
      setImmediate(done)
    },
  })
  const source = function* () {
    let at = 0
    for (let turn = 0; at < plain.length; turn += 1) {
      const length = pieces[turn % pieces.length] ?? 1
      yield Buffer.from(plain.subarray(at, at + length))
      at += length
    }
  }
  await pipeline(Readable.from(source()), new FixedSealing(target, fixedId))
  return Buffer.concat(out)
}

const known: Readonly<Record<number, string>> = {
  0: '45bf9e9b0dcc8cab77a8fb4a3cf1d83e971fcc1fdc03e5e6f52b71a236d5a1a7',
  1: 'a359ad98833d469b7a29e7c6143329c946e46ac0d08c05bf3305d0fe4fcd5a2b',
  262143: '3977cc57b6f6e727fa6261f761bf519b22d5491be1f603cf04060de9848a034c',
  262144: 'e42be6c922ad555fe0c05c8d9fb1d63af2c854c669904ae558d1caa90dbe2ec5',
  262145: '7641919805961774477c6c35dd28e09c1af6d9b19cf1b7b50da51fa52451a537',
  786509: 'cfb6415bba77a3943f30de7bff9980a433b9779a74f1f0e8504a37ebdea4cb51',
}

describe('The sealed format CRB1', () => {
  for (const size of sizes) {
    it(`is, for ${size} bytes, what the guide says byte for byte, however the bytes arrive`, async () => {
      const plain = pattern(size)
      const expected = reference(fixedKey, fixedId, plain)
      expect(expected.length).to.equal(64 + size + 16 * Math.max(1, Math.ceil(size / chunk)))
      for (const pieces of [[65_536], [chunk], [chunk + 1, 1, 5], [size + 1], [100_000, 300_000, 7]]) {
        expect((await sealedBy(plain, pieces)).equals(expected)).to.equal(true)
      }
      expect(createHash('sha256').update(expected).digest('hex')).to.equal(known[size])
    })
  }
})
