import { expect } from 'chai'
import { acceptedPassword, normalizedPassword } from '../../../core/auth/password-policy.js'
import { RegistryError } from '../../../core/errors/registry-error.js'

function reason(password: string, words: readonly string[] = []): unknown {
  try {
    acceptedPassword(password, { words })
    return 'accepted'
  } catch (thrown) {
    return thrown instanceof RegistryError ? [thrown.kind, thrown.detail['code'], thrown.detail['reasons']] : thrown
  }
}
const refused = (why: string) => ['unprocessable', 'PASSWORD_POLICY', [why]]
const distinct = (length: number) => Array.from({ length }, (_, place) => String.fromCodePoint(0x4e00 + place * 7)).join('')

describe('password policy', () => {
  it('counts code points: 8 and 256 pass, 7 and 257 do not', () => {
    expect(reason('vK#9 tqz')).to.equal('accepted')
    expect(reason('vK#9 tq')).to.deep.equal(refused('too-short'))
    expect(reason('🔑🦊🌵🎲🧊🪁🥝🛶')).to.equal('accepted')
    expect(reason('🔑🦊🌵🎲🧊🪁🥝')).to.deep.equal(refused('too-short'))
    expect(reason(distinct(256))).to.equal('accepted')
    expect(reason(distinct(257))).to.deep.equal(refused('too-long'))
  })

  it('refuses more than 1,024 bytes however few the characters are', () => {
    const emoji = Array.from({ length: 256 }, (_, place) => String.fromCodePoint(0x1f300 + place)).join('')
    expect(Buffer.byteLength(emoji)).to.equal(1_024)
    expect(reason(emoji)).to.equal('accepted')
    expect(reason(`${distinct(254)}👩‍👩‍👧`)).to.deep.equal(refused('too-long'))
  })

  it('takes composed and decomposed letters, and every kind of space, for the same', () => {
    expect(normalizedPassword('pa\u0308ss\u00a0wo\u0308rd')).to.equal('p\u00e4ss w\u00f6rd')
    expect(normalizedPassword('')).to.equal(undefined)
    expect(reason('tabs\tinside it')).to.deep.equal(refused('characters'))
    expect(reason('broken \ud800 half')).to.deep.equal(refused('characters'))
  })

  it('does not trim, and asks for no kinds of characters', () => {
    expect(acceptedPassword('  plum harbour  ')).to.equal('  plum harbour  ')
    expect(reason('onlylowercaseletters')).to.equal('accepted')
  })

  it('refuses what is guessed first, however it is dressed up', () => {
    for (const common of [
      'password',
      'Password2024!',
      'P4$$w0rd',
      'drowssap',
      '12345678',
      'aaaaaaaa',
      'qwertyuiop',
      'letmein123',
      'abcdefghijk',
    ]) {
      expect(reason(common), common).to.deep.equal(refused('blocklisted'))
    }
  })

  it('refuses the names that belong to the account, and nothing that merely holds one', () => {
    const words = ['ada.lovelace', 'ada@engines.example', 'acme-labs']
    for (const near of ['ada.lovelace', 'Lovelace1815', 'ecalevol', 'acme-labs', 'engines2024', 'l0vel4ce']) {
      expect(reason(near, words), near).to.deep.equal(refused('context'))
    }
    expect(reason('the lovelace of harbour 7', words)).to.equal('accepted')
  })
})
