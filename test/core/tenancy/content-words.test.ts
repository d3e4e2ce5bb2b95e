import { expect } from 'chai'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { packageMatches, parseContentWords } from '../../../core/tenancy/content-words.js'

describe('the words of a search', () => {
  it('are taken apart into words, properties and digests', () => {
    const [md5, sha256] = ['a'.repeat(32), 'b'.repeat(64)]
    expect(
      parseContentWords(`  Greeting license:MIT com.acme:app ${md5.toUpperCase()} sha256:${sha256} keyword: `),
    ).to.deep.equal({
      words: ['greeting', 'com.acme:app', 'keyword:'],
      properties: [{ property: 'license', value: 'mit' }],
      digests: [
        { name: 'md5', hex: md5 },
        { name: 'sha256', hex: sha256 },
      ],
    })
  })

  it('refuse nothing at all, too many, and digests that are none', () => {
    for (const text of ['', '   ', Array(17).fill('a').join(' '), 'md5:abc', `sha1:${'z'.repeat(40)}`])
      expect(() => parseContentWords(text), text).to.throw(RegistryError)
  })

  it('must all hold, literally and without regard to case; what is no text matches nothing', () => {
    const facts = { name: 'Com.Acme:App', description: 'Says (hello)', keywords: ['Hi'], license: 'MIT', latest: '1.0' }
    const holds = (text: string) => packageMatches(parseContentWords(text), 'com/acme/app', facts)
    for (const text of ['acme hello', '(hello)', 'license:mit latest:1', 'com.acme:app', 'keyword:hi'])
      expect(holds(text), text).to.equal(true)
    for (const text of ['acme bye', 'h.llo', 'license:apache', 'undefined', 'homepage:u', 'a'.repeat(32)])
      expect(holds(text), text).to.equal(false)
    expect(packageMatches(parseContentWords('null'), 'a', { description: null, keywords: [1, null] } as never)).to.equal(false)
  })
})
