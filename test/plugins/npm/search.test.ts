import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import { rankOf, readSearch } from '../../../plugins/npm/search.js'
import { openHouse } from '../../support/house.js'
import { operatorOf, type Thing } from '../../support/management.js'
import { listNames } from '../../support/name-rows.js'
import { publishBody } from '../../support/npm-package.js'

interface Answer {
  readonly objects: readonly { readonly package: { readonly name: string } }[]
  readonly total: number
  readonly time: string
}

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

describe('npm: search of a repository with more packages than one page of rows', () => {
  it('finds all of them, the last of the list too, and tells how many there are', async () => {
    const house = await openHouse({ plugins: [npm, api], repositories: [{ name: 'js', format: 'npm' }] })
    try {
      const body = JSON.stringify(await publishBody({ name: 'first', version: '1.0.0', description: 'one of many' }))
      await house.call('PUT', '/acme/js/first', { body, headers: { 'content-type': 'application/json' } })
      const names = Array.from({ length: 25_000 }, (_, number) => `kit-${String(number).padStart(5, '0')}`)
      await listNames(house.parts.metadata, 'first', [...names, 'zebra', 'zebra-crossing'])
      const found = async (query: string) => {
        const answer = (await house.call('GET', `/acme/js/-/v1/search?${query}`)).json() as Answer
        const { objects, time: _, ...rest } = answer
        return { ...rest, names: objects.map(({ package: { name } }) => name) }
      }
      expect(await found('text=zebra')).to.deep.equal({ total: 2, names: ['zebra', 'zebra-crossing'] })
      expect(await found('text=many&size=2&from=9999')).to.deep.equal({ total: 25_003, names: ['kit-09998', 'kit-09999'] })
      expect(await found('text=kit&size=1')).to.deep.equal({ total: 25_000, names: ['kit-00000'] })
      const all = await operatorOf(house).done('GET', 'search?q=zebra&kind=package')
      const next = await operatorOf(house).done('GET', `search?q=zebra&kind=package&cursor=${all['next']}`)
      expect([...(all['items'] as Thing[]), ...(next['items'] as Thing[])].map(({ name }) => name)).to.deep.equal([
        'zebra',
        'zebra-crossing',
      ])
    } finally {
      await house.close()
    }
  })
})

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
