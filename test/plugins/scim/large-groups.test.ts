import { expect } from 'chai'
import type { OrganizationContext } from '#core'
import { groupType } from '../../../plugins/scim/group-schema.js'
import { listResponse } from '../../../plugins/scim/list-response.js'
import { newObject } from '../../../plugins/scim/resource.js'
import type { Shelf, Shelved } from '../../../plugins/scim/shelf.js'

interface Counted extends Shelved {
  readonly memberCount: number
}

/** Groups of so many members each, none of whom is read. */
function groupsOf(counts: readonly number[]): Shelf<Counted> {
  const rows = counts.map((memberCount, at) => ({ id: `g${at}`, createdAt: new Date(at), revision: 'r', memberCount }))
  return {
    type: groupType,
    related: 'members',
    houseId: (id) => id,
    find: async () => undefined,
    places: async () => rows,
    async *read(ids) {
      yield* rows.filter(({ id }) => ids.includes(id))
    },
    hinted: () => undefined,
    resource: async ({ id }) => newObject({ id }),
    create: () => Promise.reject(new Error('nothing is made here')),
    write: () => Promise.reject(new Error('nothing is written here')),
    remove: () => Promise.reject(new Error('nothing is removed here')),
  }
}

describe('pages of large groups', () => {
  const page = async (counts: readonly number[], more: object = {}) => {
    const parameters = { startIndex: 1, projection: {}, ...more }
    const shelves = [groupsOf(counts) as unknown as Shelf]
    const list = await listResponse(shelves, parameters, 'Groups', {} as OrganizationContext)
    return [list.totalResults, list.itemsPerPage, list.Resources.map((group) => group['id'])]
  }

  it('end before they hold more than twenty thousand members, and have one group at least', async () => {
    expect(await page([9_000, 11_000, 1])).to.deep.equal([3, 2, ['g0', 'g1']])
    expect(await page([9_000, 11_001, 1])).to.deep.equal([3, 1, ['g0']])
    expect(await page([9_000, 11_001, 1], { startIndex: 2 })).to.deep.equal([3, 2, ['g1', 'g2']])
    expect(await page([100_000, 1])).to.deep.equal([2, 1, ['g0']])
    expect(await page([100_000, 1], { projection: { excluded: ['members'] } })).to.deep.equal([2, 2, ['g0', 'g1']])
  })
})
