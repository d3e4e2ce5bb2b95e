import { expect } from 'chai'
import { KdfLimiter, kdfParallelism } from '../../../core/auth/kdf-limiter.js'
import { formatHash, importedHash, needsRehash, PasswordHash, parseHash } from '../../../core/auth/password-hash.js'
import { outcome, refusal } from '../../support/people.js'

const vectors = [
  {
    password: 'password',
    salt: '000102030405060708090a0b',
    hash: '144d25135fd74462dbbc2b1fc2c634d91d5d72a28c6bc16266b6feb1a9404124a7c520ede7275a930dc67b11a4870738ca917fca6d5ee55ea8855a3788616f12',
  },
  {
    password: 'pässwörd 🔑'.normalize('NFC'),
    salt: 'a0a1a2a3a4a5a6a7a8a9aaab',
    hash: '7a098ad34bf1ad7747d0c378f5d50baaf4c5d9f72f2996d6e6c1e1b7538f95c19927a0b4556ed4201d253340a07929b099e14c6e4ad6eb5cec0d36f746fb240f',
  },
  {
    password: 'x'.repeat(200),
    salt: 'ffeeddccbbaa998877665544',
    hash: '9e23a2fbb80ead6bdaf4364a7e80ad348bfc46742ff1ef757a31f06271406f70dfd9cc1a596fae66243b8ee3a6efeb8f4576268a8dd67f1dbcf93ea515e8e8ca',
  },
]
const first =
  '$pbkdf2-blake2b512$i=50000,l=64$AAECAwQFBgcICQoL$FE0lE1/XRGLbvCsfwsY02R1dcqKMa8FiZrb+salAQSSnxSDt5ydakw3GexGkhwc4ypF/ym1e5V6ohVo3iGFvEg'

describe('password hash', () => {
  const hashes = new PasswordHash()

  it('derives the known answers and refuses a neighbour of each', async () => {
    for (const { password, salt, hash } of vectors) {
      const phc = formatHash({ iterations: 50_000, salt: Buffer.from(salt, 'hex'), hash: Buffer.from(hash, 'hex') })
      expect(await hashes.verify(password, phc)).to.equal(true)
      expect(await hashes.verify(`${password} `, phc)).to.equal(false)
    }
    expect(
      formatHash({
        iterations: 50_000,
        salt: Buffer.from(vectors[0]?.salt ?? '', 'hex'),
        hash: Buffer.from(vectors[0]?.hash ?? '', 'hex'),
      }),
    ).to.equal(first)
    await hashes.selfTest()
  })

  it('makes a new salt for each hash, with the stated numbers', async () => {
    const [one, two] = await Promise.all([hashes.hash('correct horse'), hashes.hash('correct horse')])
    expect(one).to.not.equal(two)
    expect(one).to.match(/^\$pbkdf2-blake2b512\$i=50000,l=64\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}$/)
    expect(await hashes.verify('correct horse', one)).to.equal(true)
    expect(needsRehash(one)).to.equal(false)
  })

  it('takes no hash out of bounds', () => {
    const salt = 'AAECAwQFBgcICQoL'
    const hash = 'FE0lE1/XRGLbvCsfwsY02Q'
    expect(parseHash(`$pbkdf2-blake2b512$i=5000000,l=16$${salt}$${hash}`)?.iterations).to.equal(5_000_000)
    for (const hostile of [
      `$pbkdf2-blake2b512$i=5000001,l=16$${salt}$${hash}`,
      `$pbkdf2-blake2b512$i=0,l=16$${salt}$${hash}`,
      `$pbkdf2-blake2b512$i=50000,l=17$${salt}$${hash}`,
      `$pbkdf2-blake2b512$i=50000,l=16$AAEC$${hash}`,
      `$pbkdf2-blake2b512$i=50000,l=16$${salt}$${hash}\n`,
      `$pbkdf2-sha256$i=50000,l=16$${salt}$${hash}`,
      '',
    ]) {
      expect(parseHash(hostile), hostile).to.equal(undefined)
    }
  })

  it('imports the older form and rewrites it', async () => {
    const old = `pbkdf2+blake2b-512$${vectors[0]?.salt}$50000$${vectors[0]?.hash}`
    expect(importedHash(old)).to.equal(first)
    expect(importedHash(first)).to.equal(first)
    expect((await refusal(Promise.resolve().then(() => importedHash('bcrypt$abc')))).kind).to.equal('invalid')
  })

  it('calls weaker hashes weak, and leaves stronger ones alone', () => {
    const make = (iterations: number, salt: number, length: number) =>
      formatHash({ iterations, salt: Buffer.alloc(salt, 1), hash: Buffer.alloc(length, 1) })
    expect(needsRehash(make(10_000, 12, 64))).to.equal(true)
    expect(needsRehash(make(50_000, 8, 64))).to.equal(true)
    expect(needsRehash(make(50_000, 12, 32))).to.equal(true)
    expect(needsRehash(make(600_000, 16, 64))).to.equal(false)
  })

  it('lets so many derivations run, so many wait, and refuses the next with a second to wait', async () => {
    const limiter = new KdfLimiter(1, 2)
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const order: number[] = []
    const job = (number: number) =>
      limiter.run(async () => {
        await gate
        order.push(number)
      })
    const running = [job(1), job(2), job(3)]
    const refused = await refusal(job(4))
    expect([refused.kind, refused.retryAfter]).to.deep.equal(['unavailable', 1])
    open()
    await Promise.all(running)
    expect(order).to.deep.equal([1, 2, 3])
    expect(await outcome(job(5))).to.equal('fine')
    expect([4, 8, 16, Number.NaN].map(kdfParallelism)).to.deep.equal([1, 3, 7, 1])
  })
})
