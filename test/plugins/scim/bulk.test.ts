import { expect } from 'chai'
import { FixedClock } from '../../support/fixed-clock.js'
import type { House } from '../../support/house.js'
import { expectScimError, Provider, scimHouse, urn } from '../../support/scim.js'

interface Result {
  readonly method: string
  readonly status: string
  readonly bulkId?: string
  readonly location?: string
  readonly version?: string
  readonly response?: { readonly detail: string; readonly scimType?: string; readonly status: string }
}

describe('Bulk of SCIM', () => {
  let house: House
  let okta: Provider
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await scimHouse({ clock, idle: true })
    okta = await Provider.of(house)
  })
  afterEach(() => house.close())

  const user = (userName: string, more: object = {}) => ({ schemas: [urn.user], userName, ...more })
  const group = (displayName: string, ...ids: readonly string[]) => ({
    schemas: [urn.group],
    displayName,
    members: ids.map((value) => ({ value })),
  })
  const bulk = async (Operations: readonly object[], more: object = {}): Promise<readonly Result[]> => {
    const answer = await okta.done<{ schemas: string[]; Operations: Result[] }>(200, 'POST', '/Bulk', {
      schemas: [urn.bulk],
      ...more,
      Operations,
    })
    expect(answer.schemas).to.deep.equal(['urn:ietf:params:scim:api:messages:2.0:BulkResponse'])
    return answer.Operations
  }

  it('does operations in order, and answers each by itself', async () => {
    const eve = await okta.user('eve')
    const results = await bulk([
      { method: 'POST', bulkId: 'a', path: '/Users', data: user('ada') },
      { method: 'POST', bulkId: 'b', path: '/Users', data: user('ADA') },
      {
        method: 'patch',
        path: `/Users/${eve.id}`,
        version: eve.meta['version'],
        data: { schemas: [urn.patch], Operations: [{ op: 'replace', value: { active: false } }] },
      },
      { method: 'PUT', path: `/Users/${eve.id}`, version: eve.meta['version'], data: user('eve') },
      { method: 'DELETE', path: `/Users/${eve.id}` },
    ])
    expect(results.map(({ method, status, response }) => [method, status, response?.detail])).to.deep.equal([
      ['POST', '201', undefined],
      ['POST', '409', "userName 'ADA' is already in use"],
      ['PATCH', '200', undefined],
      ['PUT', '412', 'The resource has changed since, or is another one than If-Match names'],
      ['DELETE', '204', undefined],
    ])
    const made = await okta.list('/Users?filter=userName+eq+%22ada%22')
    expect(results[0]).to.deep.equal({
      method: 'POST',
      bulkId: 'a',
      location: made.Resources[0]?.meta['location'],
      version: made.Resources[0]?.meta['version'],
      status: '201',
    })
    expect(results[1]).to.not.have.any.keys('location', 'version')
    expect(results[1]?.response).to.deep.include({ status: '409', scimType: 'uniqueness' })
  })

  it('resolves references to what is made before, behind, or in a circle', async () => {
    const enterprise = (value: string) => ({ schemas: [urn.user, urn.enterprise], [urn.enterprise]: { manager: { value } } })
    const results = await bulk([
      { method: 'POST', bulkId: 'g', path: '/Groups', data: group('Makers', 'bulkId:a', 'bulkId:b') },
      { method: 'POST', bulkId: 'a', path: '/Users', data: user('ada', enterprise('bulkId:b')) },
      { method: 'POST', bulkId: 'b', path: '/Users', data: user('bob', enterprise('bulkId:a')) },
      {
        method: 'PATCH',
        path: '/Users/bulkId:a',
        data: { schemas: [urn.patch], Operations: [{ op: 'add', path: 'title', value: 'about bulkId:a' }] },
      },
      { method: 'POST', bulkId: 'x', path: '/Groups', data: group('None', 'bulkId:nobody') },
    ])
    expect(results.map(({ method, status }) => [method, status])).to.deep.equal([
      ['POST', '201'],
      ['POST', '201'],
      ['POST', '201'],
      ['PATCH', '200'],
      ['POST', '409'],
    ])
    const [ada, bob] = [
      await okta.list('/Users?filter=userName+eq+%22ada%22'),
      await okta.list('/Users?filter=userName+eq+%22bob%22'),
    ].map(({ Resources }) => Resources[0])
    expect(ada?.[urn.enterprise]).to.deep.equal({ manager: { value: bob?.id } })
    expect(bob?.[urn.enterprise]).to.deep.equal({ manager: { value: ada?.id } })
    expect(ada?.['title']).to.equal('about bulkId:a')
    const makers = (await okta.list('/Groups?filter=displayName+eq+%22makers%22')).Resources[0]
    expect(((makers?.['members'] ?? []) as { value: string }[]).map(({ value }) => value)).to.deep.equal([ada?.id, bob?.id])
  })

  it('stops behind as many errors as are allowed, and leaves the rest out', async () => {
    const results = await bulk(
      [
        { method: 'POST', bulkId: 'a', path: '/Users', data: user('olga') },
        { method: 'POST', bulkId: 'b', path: '/Users', data: user('new') },
      ],
      { failOnErrors: 1 },
    )
    expect(results.map(({ status }) => status)).to.deep.equal(['409'])
    expect(await okta.names('userName eq "new"')).to.deep.equal([])
  })

  it('counts each operation as a request', async () => {
    const results = await bulk(Array.from({ length: 300 }, () => ({ method: 'DELETE', path: '/Users/1' })))
    expect(results.length).to.equal(300)
    const answer = await okta.send('GET', '/Users')
    expectScimError(answer, 429, 'At most 200 requests in 4 seconds')
    const wait = Number(answer.headers['retry-after'])
    clock.advance(wait * 1_000 - 1_000)
    expect((await okta.send('GET', '/Users')).status).to.equal(429)
    clock.advance(1_000)
    expect((await okta.send('GET', '/Users')).status).to.equal(200)
    expect(wait).to.equal(4)
  })

  it('refuses addresses that are none of users or groups, and operations that are none', async () => {
    const results = await bulk([
      { method: 'POST', path: '/Users', data: user('a') },
      { method: 'GET', path: '/Users' },
      { method: 'POST', bulkId: 'c', path: '/Bulk', data: {} },
      { method: 'POST', bulkId: 'd', path: '/Users/.search', data: {} },
      { method: 'DELETE', path: 'https://x.example/Users/1' },
      { method: 'DELETE', path: '/Users/../Groups/1' },
      { method: 'DELETE', path: '/Me' },
      { method: 'DELETE', path: '/Users/1' },
      { method: 'POST', bulkId: 'e', path: '/Users', data: 'x' },
    ])
    expect(results.map(({ status, response }) => [status, response?.detail])).to.deep.equal([
      ['400', "'bulkId' is required for POST"],
      ['400', "'method' is POST, PUT, PATCH or DELETE, not 'GET'"],
      ['400', "'path' is /Users or /Groups"],
      ['400', "'path' is /Users or /Groups"],
      ['400', "'path' is /Users/{id} or /Groups/{id}"],
      ['400', "'path' is /Users/{id} or /Groups/{id}"],
      ['400', "'path' is /Users/{id} or /Groups/{id}"],
      ['404', 'User not found: 1'],
      ['400', 'The body is a JSON object'],
    ])
    const many = Array.from({ length: 1001 }, () => ({ method: 'DELETE', path: '/Users/1' }))
    const answer = await okta.send('POST', '/Bulk', { schemas: [urn.bulk], Operations: many })
    expectScimError(answer, 413, 'A Bulk request has at most 1000 operations; this one has 1001')
    expectScimError(
      await okta.send('POST', '/Bulk', { Operations: [] }),
      400,
      `'schemas' has to name ${urn.bulk}`,
      'invalidSyntax',
    )
  })
})
