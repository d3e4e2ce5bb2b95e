import { expect } from 'chai'
import { rankOf, readSearch } from '../../../plugins/npm/search.js'

const entry = {
  name: '@acme/ui-kit',
  facts: {
    name: '@acme/ui-kit',
    version: '0.9.0',
    description: 'Buttons and more',
    keywords: ['React'],
    author: 'Ann',
    maintainers: ['dora'],
  },
}
const rank = (text: string) => rankOf(entry, readSearch(text))

describe('npm: search', () => {
  it('finds words in name, description and keywords, the nearer to the name the better', () => {
    expect(rank('ui-kit')).to.equal(0)
    expect(rank('@acme/ui-kit')).to.equal(0)
    expect(rank('kit')).to.equal(1)
    expect(rank('buttons')).to.equal(2)
    expect(rank('react kit')).to.equal(2)
    expect(rank('kit vue')).to.equal(undefined)
    expect(rank('')).to.equal(1)
  })

  it('knows the qualifiers of npm', () => {
    expect(rank('scope:acme')).to.equal(1)
    expect(rank('scope:@acme kit')).to.equal(1)
    expect(rank('scope:other kit')).to.equal(undefined)
    expect(rank('author:ann')).to.equal(1)
    expect(rank('maintainer:dora')).to.equal(1)
    expect(rank('maintainer:rita')).to.equal(undefined)
    expect(rank('keywords:react')).to.equal(1)
    expect(rank('keywords:react,vue')).to.equal(undefined)
    expect(rank('is:unstable')).to.equal(1)
    expect(rank('not:unstable')).to.equal(undefined)
  })

  it('refuses searches beyond its budget', () => {
    expect(() => readSearch('a '.repeat(17))).to.throw('at most 16 terms')
    expect(() => readSearch('a'.repeat(513))).to.throw('at most 512 bytes')
  })
})
