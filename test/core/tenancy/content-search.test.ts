import { expect } from 'chai'
import type { ArtifactReader } from '../../../core/storage/artifact-reader.js'
import type { Catalog } from '../../../core/storage/catalog.js'
import type { SharedBytes } from '../../../core/storage/shared-bytes.js'
import { type SearchParts, searchContents } from '../../../core/tenancy/content-search.js'
import type { Repository } from '../../../core/tenancy/repository.js'
import type { Visibility } from '../../../core/tenancy/visibility.js'

const repository = { id: 'r_1', name: 'many', format: 'npm' } as Repository
const names = Array.from({ length: 45_000 }, (_, at) => `p${String(at).padStart(5, '0')}`)
let looked = 0

/** Two of the forty-five thousand names match 'rare'. */
const parts: SearchParts = {
  organizationId: 'o_1',
  visibility: { repositories: () => [repository], path: () => true, folder: () => true } as unknown as Visibility,
  sharedBytes: {} as SharedBytes,
  files: () => ({ async *list() {} }) as unknown as ArtifactReader,
  catalog: {
    async *list(_org: string, _repository: string, { after }: { readonly after?: string } = {}) {
      for (const name of names) {
        if (after !== undefined && name <= after) continue
        looked += 1
        yield { name, facts: name === 'p20500' || name === 'p44999' ? { description: 'rare' } : {} }
      }
    },
  } as unknown as Catalog,
}

describe('a search over more names than one request looks at', () => {
  it('looks at twenty thousand, says where it stopped, and goes on there to the end', async () => {
    const pages: (readonly string[])[] = []
    let after: string | undefined
    do {
      looked = 0
      const { found, next } = await searchContents(parts, { text: 'rare', limit: 10, ...(after === undefined ? {} : { after }) })
      expect(looked).to.be.at.most(20_000)
      pages.push(found.map((one) => (one.kind === 'package' ? one.name : '')))
      after = next
    } while (after !== undefined)
    expect(pages).to.deep.equal([[], ['p20500'], ['p44999']])
  })

  it('stops as soon as a page is full', async () => {
    looked = 0
    const { found, next } = await searchContents(parts, { text: 'p0', limit: 3 })
    expect([found.length, looked, next]).to.deep.equal([3, 4, 'many\npackage\np00002'])
  })
})
