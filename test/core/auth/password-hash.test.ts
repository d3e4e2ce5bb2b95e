import { expect } from 'chai'
import { readArgon2 } from '../../../core/auth/argon2-hash.js'
import { KdfLimiter, kdfParallelism } from '../../../core/auth/kdf-limiter.js'
import { PasswordHash } from '../../../core/auth/password-hash.js'
import { formatHash, importedHash, parseHash } from '../../../core/auth/pbkdf2-hash.js'
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
    expect(hashes.needsRehash(one)).to.equal(false)
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
    expect(hashes.needsRehash(make(10_000, 12, 64))).to.equal(true)
    expect(hashes.needsRehash(make(50_000, 8, 64))).to.equal(true)
    expect(hashes.needsRehash(make(50_000, 12, 32))).to.equal(true)
    expect(hashes.needsRehash(make(600_000, 16, 64))).to.equal(false)
  })

  describe('with Argon2id', () => {
    const strong = new PasswordHash('argon2id')
    const known = '$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$OZA6NM05OHZDbmcc1pDf6Kuc57E0WafgTsDk8GlN2w0'

    it('gives the known answer, and refuses a neighbour of it', async () => {
      await strong.selfTest()
      expect(await strong.verify('password', known)).to.equal(true)
      expect(await strong.verify('passwort', known)).to.equal(false)
      expect(await hashes.verify('password', known)).to.equal(true)
      expect(importedHash(known)).to.equal(known)
    })

    it('makes a new salt for each hash, with the stated numbers', async () => {
      const [one, two] = await Promise.all([strong.hash('correct horse'), strong.hash('correct horse')])
      expect(one).to.not.equal(two)
      expect(one).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
      expect(strong.dummy).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
      expect(await strong.verify('correct horse', one)).to.equal(true)
    })

    it('takes every PBKDF2 for weaker, and nothing for weaker than it is', async () => {
      expect(strong.needsRehash(first)).to.equal(true)
      expect([strong, hashes].map((one) => one.needsRehash(known))).to.deep.equal([false, false])
      const weak = known.replace('m=19456', 'm=8192')
      expect([strong, hashes].map((one) => one.needsRehash(weak))).to.deep.equal([true, true])
      const mixed = await strong.hash('correct horse', known.replace('m=19456,t=2', 'm=8192,t=5'))
      expect(readArgon2(mixed)).to.deep.equal({ memory: 19_456, passes: 5, lanes: 1, salt: 16, length: 32 })
      expect(await hashes.hash('correct horse', known)).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    })

    it('takes no hash out of bounds', () => {
      expect(readArgon2(known.replace('m=19456', 'm=1048576'))?.memory).to.equal(1_048_576)
      for (const hostile of [
        known.replace('m=19456', 'm=1048577'),
        known.replace('m=19456', 'm=0'),
        known.replace('m=19456,t=2,p=1', 'm=16,t=2,p=4'),
        known.replace('t=2', 't=21'),
        known.replace('p=1', 'p=9'),
        known.replace('v=19', 'v=16'),
        known.replace('argon2id', 'argon2i'),
        known.replace('AAECAwQFBgcICQoLDA0ODw', 'AAEC'),
        `${known}\n`,
      ])
        expect(readArgon2(hostile), hostile).to.equal(undefined)
    })
  })

  it('makes no hash that is weaker than the one before', async () => {
    const before = formatHash({ iterations: 60_000, salt: Buffer.alloc(16, 1), hash: Buffer.alloc(32, 1) })
    const made = parseHash(await hashes.hash('correct horse', before))
    expect([made?.iterations, made?.salt.length, made?.hash.length]).to.deep.equal([60_000, 16, 64])
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
