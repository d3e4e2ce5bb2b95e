import { expect } from 'chai'
import { newRecoveryCodes, recoveryCode, recoveryHash } from '../../../../core/auth/mfa/recovery-codes.js'
import { base32, isTotpCode, newTotpSecret, totpStep, totpUri } from '../../../../core/auth/mfa/totp.js'

const secret = Buffer.from('12345678901234567890')
const at = (seconds: number) => new Date(seconds * 1_000)

describe('one-time codes', () => {
  it('are those of RFC 6238, appendix B, in their last six digits', () => {
    const vectors: readonly (readonly [seconds: number, code: string])[] = [
      [59, '94287082'],
      [1_111_111_109, '07081804'],
      [1_111_111_111, '14050471'],
      [1_234_567_890, '89005924'],
      [2_000_000_000, '69279037'],
      [20_000_000_000, '65353130'],
    ]
    for (const [seconds, code] of vectors)
      expect(totpStep(secret, code.slice(2), at(seconds)), code).to.equal(Math.floor(seconds / 30))
  })

  it('are known by their step, one step early or late and no more', () => {
    const step = Math.floor(1_111_111_109 / 30)
    const seen = [-2, -1, 0, 1, 2].map((off) => totpStep(secret, '081804', at(1_111_111_109 + 30 * off)))
    expect(seen).to.deep.equal([undefined, step, step, step, undefined])
  })

  it('are six digits, as apps show them, and nothing else', () => {
    const now = at(1_111_111_109)
    expect(totpStep(secret, '081 804', now)).to.be.a('number')
    for (const text of [
      '',
      '81804',
      '0818040',
      '07081804',
      ' 081804',
      '081804\n',
      '０８１８０４',
      '08180a',
      '081-804',
      '1e5',
      'ABCDE-FGHIJ',
    ])
      expect([totpStep(secret, text, now), isTotpCode(text)], text).to.deep.equal([undefined, false])
  })

  it('have secrets of 160 bits in base32, and an address that escapes what stands in it', () => {
    const made = newTotpSecret()
    expect(made).to.have.length(20)
    expect(base32(made)).to.match(/^[A-Z2-7]{32}$/)
    expect(base32(secret)).to.equal('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
    expect(totpUri(secret, 'cloudrepo acme', 'a&b?c=d e')).to.equal(
      'otpauth://totp/cloudrepo%20acme:a%26b%3Fc%3Dd%20e?issuer=cloudrepo%20acme&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30',
    )
  })
})

describe('recovery codes', () => {
  it('are ten of fifty bits, read however they are typed, and stored under a key', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes)).to.have.property('size', 10)
    const [first = ''] = codes
    const plain = first.replace('-', '')
    for (const typed of [first, plain, plain.toLowerCase(), ` ${first} `, `${plain.slice(0, 3)} ${plain.slice(3)}`])
      expect(recoveryCode(typed)).to.equal(plain)
    for (const text of ['', 'ABCDE', `${plain}A`, `${plain.slice(1)}1`, `${plain.slice(1)}0`, 'A'.repeat(41), '-'.repeat(40)])
      expect(recoveryCode(text), text).to.equal(undefined)
    expect(recoveryHash(Buffer.from('one'), first)).to.equal(recoveryHash(Buffer.from('one'), plain))
    expect(recoveryHash(Buffer.from('two'), first)).to.not.equal(recoveryHash(Buffer.from('one'), first))
  })
})
