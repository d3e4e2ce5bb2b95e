import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { formatIntegrity, parseIntegrity } from '../../../core/digest/integrity.js'
import { RegistryError } from '../../../core/errors/registry-error.js'

const hex = (name: string) => createHash(name).update('content').digest('hex')

describe('Integrity', () => {
  it('is read back as it was written', () => {
    for (const name of ['md5', 'sha1', 'sha256', 'sha512'] as const) {
      expect(parseIntegrity(formatIntegrity(name, hex(name)))).to.deep.equal([{ name, hex: hex(name) }])
    }
  })
  it('gives the strongest first, keeps alternatives, and leaves unknown algorithms and options out', () => {
    const text = ` ${formatIntegrity('sha1', hex('sha1'))}  ${formatIntegrity('sha512', hex('sha512'))}?ct=x\nsha384-${'A'.repeat(64)} `
    expect(parseIntegrity(text).map(({ name }) => name)).to.deep.equal(['sha512', 'sha1'])
    expect(parseIntegrity(`sha384-${'A'.repeat(64)}`)).to.deep.equal([])
  })
  it('is invalid when malformed, of the wrong length or endless', () => {
    for (const text of [
      '',
      'sha512',
      'sha512-',
      'sha512-!!!!',
      'sha512-AAAA',
      'sha1:abc',
      `${formatIntegrity('sha1', hex('sha1'))},x`,
      'a'.repeat(5_000),
    ]) {
      expect(() => parseIntegrity(text), text.slice(0, 20))
        .to.throw(RegistryError)
        .with.property('kind', 'invalid')
    }
  })
})
