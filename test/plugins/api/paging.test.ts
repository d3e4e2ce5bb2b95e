import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { expectRefusal, instanceOf, type Management, memberOf, operatorOf, type Thing } from '../../support/management.js'

/** What each list holds, in its order, by the field that tells its items apart. */
interface List {
  readonly path: string
  readonly by: (item: Thing) => unknown
  readonly expected: readonly unknown[]
}

describe('lists of the management interface', () => {
  let house: House
  let operator: Management
  before(async () => {
    house = await openHouse({ plugins: [raw, api] })
    operator = operatorOf(house)
    for (const name of ['a', 'a-b', 'a.b', 'a0', 'ab', 'b']) {
      await operator.done('POST', 'repositories', { name, format: 'raw' })
      await operator.done('POST', 'groups', { name: `g ${name}` })
      await operator.done('PUT', 'grants', { subject: 'member:gus', repository: name, level: 'read' })
      await operator.done('PUT', `groups/g%20a/members/${name === 'b' ? 'olga' : 'gus'}`)
    }
    await operator.done('POST', 'tokens', { member: 'gus', name: 'second', scopes: ['repo:*:read'] })
  })
  after(() => house.close())

  const named = ({ name }: Thing) => name
  const lists = (): readonly List[] => [
    { path: 'repositories', by: named, expected: ['a', 'a-b', 'a.b', 'a0', 'ab', 'b'] },
    { path: 'groups', by: named, expected: ['g a', 'g a-b', 'g a.b', 'g a0', 'g ab', 'g b'] },
    { path: 'grants', by: ({ repository }) => repository, expected: ['a', 'a-b', 'a.b', 'a0', 'ab', 'b'] },
    { path: 'members', by: named, expected: ['dora', 'gus', 'olga', 'rita'] },
    { path: 'tokens', by: ({ member }) => member, expected: ['dora', 'gus', 'gus', 'olga', 'rita'] },
  ]

  async function walk(path: string, limit: number): Promise<readonly (readonly Thing[])[]> {
    const pages: (readonly Thing[])[] = []
    let cursor = ''
    do {
      const { items, next } = (await operator.done('GET', `${path}?limit=${limit}${cursor}`)) as {
        readonly items: readonly Thing[]
        readonly next: string | null
      }
      pages.push(items)
      cursor = next === null ? '' : `&cursor=${next}`
    } while (cursor !== '')
    return pages
  }

  it('come whole, and page by page in the same order with nothing twice and nothing missing', async () => {
    for (const { path, by, expected } of lists()) {
      const whole = await operator.done('GET', path)
      expect([(whole['items'] as Thing[]).map(by), whole['next']], path).to.deep.equal([expected, null])
      for (const limit of [1, 2, expected.length, 1_000]) {
        const pages = await walk(path, limit)
        expect(pages.flat(), `${path} by ${limit}`).to.deep.equal(whole['items'])
        expect(pages.length, `${path} by ${limit}`).to.equal(Math.ceil(expected.length / limit))
      }
    }
    const members = await operator.items('groups/g%20a/members')
    expect(members.map(named).toSorted()).to.deep.equal(['gus', 'olga'])
    expect((await walk('groups/g%20a/members', 1)).flat()).to.deep.equal(members)
    expect((await instanceOf(house).done('GET', 'organizations?limit=1'))['items']).to.have.length(1)
  })

  it('go on behind something that was removed meanwhile', async () => {
    for (const [path, create, remove] of [
      ['repositories', { name: 'a1', format: 'raw' }, 'repositories/a1'],
      ['groups', { name: 'g a1' }, 'groups/g%20a1'],
      ['members', { name: 'ellen' }, 'members/ellen'],
    ] as const) {
      const all = await operator.items(path)
      await operator.done('POST', path, create)
      const position = (await operator.items(path)).findIndex(({ name }) => name === create.name)
      const { next } = await operator.done('GET', `${path}?limit=${position + 1}`)
      await operator.done('DELETE', remove)
      expect(await operator.items(`${path}?cursor=${next}`), path).to.deep.equal(all.slice(position))
    }
  })

  it('refuse limits that are none, unknown parameters, and one that stands twice', async () => {
    for (const { path } of lists()) {
      for (const query of ['limit=0', 'limit=-1', 'limit=1001', 'limit=1e9', 'limit=ten', 'limit=1.5', 'offset=1', 'page=2']) {
        const answer = await operator.send('GET', `${path}?${query}`)
        expect([answer.status, (answer.json() as Thing)['code']], `${path}?${query}`).to.deep.equal([400, 'invalid'])
      }
      expectRefusal(await operator.send('GET', `${path}?limit=1&limit=2`), 400, 'invalid', 'The parameter limit stands twice')
    }
  })

  it('refuse cursors that they did not say: forged ones, those of other lists, those of other organizations', async () => {
    const next = async (management: Management, path: string) => {
      const answer = await management.done('GET', `${path}?limit=1`)
      expect(answer['next'], path).to.be.a('string')
      return String(answer['next'])
    }
    const own = await next(operator, 'members')
    const foreign = operatorOf(house, 'beta')
    await foreign.done('POST', 'members', { name: 'carl' })
    const forge = (text: string) => Buffer.from(text).toString('base64url')
    const { id } = await operator.done('GET', 'organization')
    const cursors = [
      await next(operator, 'groups'),
      await next(operator, 'tokens'),
      await next(foreign, 'members'),
      await next(instanceOf(house), 'organizations'),
      `${own}=`,
      own.slice(0, 8),
      `${own}AAAA`,
      forge('dora'),
      forge(`${id} members\0`),
      forge(`${id} members\0a\0b`),
      Buffer.concat([Buffer.from(`${id} members\0`), Buffer.from([0xff])]).toString('base64url'),
      '..%2F..',
      '',
    ]
    for (const cursor of cursors) {
      expectRefusal(await operator.send('GET', `members?cursor=${cursor}`), 400, 'invalid', 'The cursor is none of this list')
    }
    const long = forge(`${id} members\0${'ﷺ'.repeat(200)}`)
    expect((await operator.send('GET', `members?cursor=${long}`)).status).to.equal(400)
    expect((await memberOf(house, 'rita').send('GET', `repositories?cursor=${own}`)).status).to.equal(400)
  })
})
