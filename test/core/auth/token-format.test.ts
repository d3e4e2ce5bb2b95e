import { expect } from 'chai'
import { formatScope, parseScope, parseScopes } from '../../../core/auth/scopes.js'
import { newToken, prefixLength, tokenHash, tokenKind } from '../../../core/auth/token-format.js'

const body = '0123456789ABCDEFGHIJabcdefghij0123456789'

describe('token format', () => {
  it('has the known checksums', () => {
    const known = { u: '3NaawV', s: '3g8pZ7', p: '4PRMFC', x: '4Z4ON7', o: '15EXF9' }
    for (const [kind, checksum] of Object.entries(known)) expect(tokenKind(`crt_${kind}_${body}${checksum}`)).to.equal(kind)
  })

  it('refuses a wrong checksum, a changed character, another length, and white space', () => {
    const token = `crt_u_${body}3NaawV`
    for (const wrong of [
      `crt_s_${body}3NaawV`,
      token.replace('J', 'K'),
      `${token}0`,
      token.slice(0, -1),
      `${token}\n`,
      ` ${token}`,
      '',
      'crt_q_',
    ]) {
      expect(tokenKind(wrong), JSON.stringify(wrong)).to.equal(undefined)
    }
  })

  it('makes a hundred thousand tokens without a repeat, each well formed', () => {
    const seen = new Set<string>()
    const characters = new Set<string>()
    for (let count = 0; count < 100_000; count += 1) {
      const token = newToken('u')
      seen.add(token)
      if (count % 100 === 0) {
        expect(tokenKind(token)).to.equal('u')
        for (const character of token.slice(6, 46)) characters.add(character)
      }
    }
    expect(seen.size).to.equal(100_000)
    expect(characters.size).to.equal(62)
  })

  it('is stored as SHA-256 and shown by its first twelve characters', () => {
    expect(tokenHash('abc')).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(prefixLength).to.equal(12)
  })
})

describe('token scopes', () => {
  it('read and write the same words', () => {
    for (const text of ['repo:r_9f2:read', 'repo:r_9f2:write', 'repo:*:delete', 'org:read', 'audit:read']) {
      expect(formatScope(parseScope(text))).to.equal(text)
    }
  })

  it('refuse unknown words, and a list of none', () => {
    for (const text of ['', 'repo:*', 'repo:*:administer', 'repo::read', 'org:write', 'audit:read ', 'repo:R:read', '*']) {
      expect(() => parseScope(text), text).to.throw('Unknown scope')
    }
    expect(() => parseScopes([])).to.throw('at least one scope')
  })
})
