import { expect } from 'chai'
import { FixedClock } from '../../support/fixed-clock.js'
import type { House } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { expectScimError, Provider, scimHouse, urn } from '../../support/scim.js'

describe('lists of SCIM', () => {
  let house: House
  let okta: Provider
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await scimHouse({ clock, idle: true })
    okta = await Provider.of(house)
    for (const [userName, title, externalId] of [
      ['zoe', 'b', 'x3'],
      ['ada', undefined, 'x2'],
      ['Bob', 'a', 'x1'],
    ] as const) {
      clock.advance(1000)
      await okta.user(userName, {
        ...(title === undefined ? {} : { title }),
        externalId,
        emails: [{ value: `${userName}@x.com`, type: 'work' }],
      })
    }
    // Somebody who was there before has a name, too.
    await operatorOf(house).done('PATCH', 'members/olga', { displayName: 'Olga O' })
    const [zoe] = (await okta.list('/Users?filter=userName+eq+%22zoe%22')).Resources
    await okta.patch(`/Users/${zoe?.id}`, { op: 'add', path: 'displayName', value: 'The Zoe' })
  })
  afterEach(() => house.close())

  const everybody = ['olga', 'dora', 'rita', 'gus', 'zoe', 'ada', 'Bob']
  const named = async (query: string) => (await okta.list(`/Users?${query}`)).Resources.map((user) => user['userName'])

  it('show everybody, the oldest first, page by page', async () => {
    const all = await okta.list('/Users')
    expect(all.Resources.map((user) => user['userName']).slice(4)).to.deep.equal(everybody.slice(4))
    expect(new Set(all.Resources.map((user) => user['userName']))).to.deep.equal(new Set(everybody))
    expect(all).to.deep.include({ totalResults: 7, startIndex: 1, itemsPerPage: 7 })
    expect(await named('startIndex=5&count=2')).to.deep.equal(['zoe', 'ada'])
    expect(await named('startIndex=7')).to.deep.equal(['Bob'])
    for (const [query, startIndex, itemsPerPage] of [
      ['count=0', 1, 0],
      ['count=-5', 1, 0],
      ['startIndex=-3&count=1', 1, 1],
      ['startIndex=99', 99, 0],
      ['count=100000', 1, 7],
      ['count=', 1, 7],
      ['aadOptscim062020', 1, 7],
    ] as const) {
      expect(await okta.list(`/Users?${query}`), query).to.deep.include({ totalResults: 7, startIndex, itemsPerPage })
    }
    for (const query of ['count=x', 'startIndex=1.5', 'count=1e3']) {
      const name = query.split('=')[0]
      expectScimError(await okta.send('GET', `/Users?${query}`), 400, `'${name}' is a whole number`, 'invalidValue')
    }
    expect(await named('filter=userName+eq+%22nobody%22')).to.deep.equal([])
    expect(await okta.list('/Users?filter=userName+eq+%22nobody%22&startIndex=1&count=1')).to.deep.include({
      totalResults: 0,
      Resources: [],
    })
  })

  it('find by filter, with an index and without', async () => {
    const found: readonly (readonly [string, readonly string[]])[] = [
      ['userName eq "BOB"', ['Bob']],
      ['USERNAME Eq "bob" and active eq true', ['Bob']],
      ['externalId eq "x2"', ['ada']],
      ['externalId eq "X2"', []],
      ['emails[type eq "work"].value eq "BOB@X.com"', ['Bob']],
      ['emails.value eq "ada@x.com"', ['ada']],
      ['displayName eq "THE ZOE"', ['zoe']],
      ['displayName eq "olga o"', ['olga']],
      ['emails eq "ada@x.com" and userName eq "zoe"', []],
      ['title pr', ['zoe', 'Bob']],
      ['title eq "a" or externalId eq "x2"', ['ada', 'Bob']],
      ['not (title pr) and externalId pr', ['ada']],
      [`meta.created gt "${clock.now().toISOString()}"`, []],
      ['id eq "1"', []],
      ['userName co "o"', ['olga', 'dora', 'zoe', 'Bob']],
    ]
    for (const [filter, names] of found) expect([...(await okta.names(filter))].sort(), filter).to.deep.equal([...names].sort())
    expectScimError(
      await okta.send('GET', '/Users?filter=nope+eq+1'),
      400,
      "There is no attribute 'nope' to filter by",
      'invalidFilter',
    )
    expectScimError(await okta.send('GET', '/Users?filter='), 400, 'The filter is empty', 'invalidFilter')
    // What no tenant's word can escape: each organization has its own.
    expect(await (await Provider.of(house, 'beta')).names('userName pr or userName eq "zoe"')).to.deep.equal(['bert'])
  })

  it('are sorted by an attribute: what lacks it is last, and first in turn', async () => {
    expect(await named('sortBy=userName')).to.deep.equal(['ada', 'Bob', 'dora', 'gus', 'olga', 'rita', 'zoe'])
    expect(await named('sortBy=userName&sortOrder=descending&count=2')).to.deep.equal(['zoe', 'rita'])
    expect((await named('sortBy=title')).slice(0, 2)).to.deep.equal(['Bob', 'zoe'])
    expect((await named('sortBy=title&sortOrder=descending')).slice(-2)).to.deep.equal(['zoe', 'Bob'])
    expect((await named('sortBy=emails')).slice(0, 3)).to.deep.equal(['ada', 'Bob', 'zoe'])
    expect((await named('sortBy=meta.created')).slice(-3)).to.deep.equal(['zoe', 'ada', 'Bob'])
    for (const sortBy of ['nope', 'password', 'name'])
      expectScimError(await okta.send('GET', `/Users?sortBy=${sortBy}`), 400, `'${sortBy}' is nothing to sort by`, 'invalidValue')
    expectScimError(await okta.send('GET', '/Users?sortOrder=up'), 400, "'sortOrder' is ascending or descending", 'invalidValue')
  })

  it('are read by cursor: what comes or goes meanwhile neither repeats nor skips the rest', async () => {
    const query = '/Users?sortBy=userName&count=2'
    const first = await okta.list(`${query}&cursor`)
    expect(first).to.not.have.property('startIndex')
    expect(first).to.deep.include({ totalResults: 7, itemsPerPage: 2 })
    expect(first.nextCursor).to.match(/^[A-Za-z0-9._~-]+$/)
    await okta.user('aaa')
    const [last] = (await okta.list('/Users?filter=userName+eq+%22bob%22')).Resources
    await okta.done(204, 'DELETE', `/Users/${last?.id}`)
    const seen: unknown[] = []
    for (let cursor = first.nextCursor; cursor !== undefined; ) {
      const page = await okta.list(`${query}&cursor=${cursor}`)
      seen.push(...page.Resources.map((user) => user['userName']))
      cursor = page.nextCursor
    }
    expect(seen).to.deep.equal(['dora', 'gus', 'olga', 'rita', 'zoe'])

    const refused = 'The cursor belongs to no list that is read with these parameters'
    const forged = `${first.nextCursor?.slice(0, -2)}AA`
    const paths = [
      `${query}&cursor=${forged}`,
      `${query}&cursor=x`,
      `/Users?count=2&cursor=${first.nextCursor}`,
      `/Groups?sortBy=displayName&count=2&cursor=${first.nextCursor}`,
    ]
    for (const path of paths) expectScimError(await okta.send('GET', path), 400, refused, 'invalidCursor')
    for (const other of [await Provider.of(house, 'acme', 'entra'), await Provider.of(house, 'beta')])
      expectScimError(await other.send('GET', `${query}&cursor=${first.nextCursor}`), 400, refused, 'invalidCursor')
    const count = await okta.send('GET', `/Users?sortBy=userName&count=3&cursor=${first.nextCursor}`)
    expectScimError(count, 400, "'count' has to stay the same from page to page", 'invalidCount')
    clock.advance(3_600_001)
    const expired = await okta.send('GET', `${query}&cursor=${first.nextCursor}`)
    expectScimError(expired, 400, 'The cursor has expired; begin with the first page', 'expiredCursor')
  })

  it('are asked for in a body too, over one type or both', async () => {
    await okta.group('Zebras')
    const search = (path: string, body: object) =>
      okta.done<{ totalResults: number; nextCursor?: string; Resources: Record<string, unknown>[] }>(
        200,
        'POST',
        `${path}/.search`,
        { schemas: [urn.search], ...body },
      )
    const users = await search('/Users', {
      filter: 'title pr',
      attributes: ['userName'],
      sortBy: 'userName',
      startIndex: 1,
      count: 10,
    })
    expect(users.Resources.map(({ id: _, ...rest }) => rest)).to.deep.equal([
      { schemas: [urn.user], userName: 'Bob' },
      { schemas: [urn.user], userName: 'zoe' },
    ])
    const both = await search('', { filter: 'displayName eq "zebras" or userName eq "ada"', attributes: 'userName,displayName' })
    expect(both.Resources.map((one) => one['userName'] ?? one['displayName'])).to.deep.equal(['ada', 'Zebras'])
    expect((await search('', {})).totalResults).to.equal(8)
    const paged = await search('', { cursor: '', count: 5 })
    const rest = await search('', { cursor: paged.nextCursor, count: 5 })
    expect(rest.Resources.length).to.equal(3)
    expectScimError(await okta.send('POST', '/.search', {}), 400, `'schemas' has to name ${urn.search}`, 'invalidSyntax')
    expectScimError(
      await okta.send('POST', '/Users/.search', { schemas: [urn.search], filter: ['a'] }),
      400,
      "'filter' is a string",
      'invalidValue',
    )
  })
})
