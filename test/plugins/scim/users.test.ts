import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { expectScimError, Provider, scimHouse, urn } from '../../support/scim.js'

describe('users of SCIM', () => {
  let house: House
  let okta: Provider
  beforeEach(async () => {
    house = await scimHouse()
    okta = await Provider.of(house)
  })
  afterEach(() => house.close())

  const full = {
    schemas: [urn.user, urn.enterprise],
    externalId: '00u1',
    userName: 'Ada@acme.test',
    displayName: 'Ada L',
    name: { formatted: 'Ada L', familyName: 'L', givenName: 'Ada' },
    title: 'Countess',
    timezone: 'no zone at all',
    active: true,
    emails: [{ value: 'ada@acme.test', type: 'work', primary: true }],
    addresses: [{ formatted: '1 Road\nTown', type: 'home' }],
    [urn.enterprise]: { department: 'D', manager: { value: '26' } },
  }

  it('are created with all that was sent, and found again under their address', async () => {
    const answer = await okta.send('POST', '/Users', {
      ...full,
      id: 'mine',
      meta: { version: 'x' },
      groups: [],
      password: 'Secret123',
      unknown: 1,
    })
    const made = answer.json() as { id: string; meta: Record<string, string> }
    expect(answer.status).to.equal(201)
    expect(made.id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const location = `${house.url}/acme/-/scim/v2/Users/${made.id}`
    const { meta, id: _, ...sent } = made
    expect(sent).to.deep.equal(full)
    expect(meta).to.deep.equal({
      resourceType: 'User',
      created: meta['created'],
      lastModified: meta['created'],
      location,
      version: answer.headers['etag'],
    })
    expect(answer.headers['location']).to.equal(location)
    expect(answer.headers['etag']).to.match(/^W\/"[^"]+"$/)
    const read = await okta.send('GET', `/Users/${made.id}`)
    expect([read.status, read.json(), read.headers['etag'], read.headers['location']]).to.deep.equal([
      200,
      made,
      answer.headers['etag'],
      location,
    ])
    // No password, no role, no e-mail to sign in by: what was sent gives no way in.
    const listed = (
      await house.call('GET', '/acme/-/api/v1/members/Ada@acme.test', {
        as: 'nobody',
        headers: { authorization: `Bearer ${house.operatorToken()}` },
      })
    ).json()
    expect(listed).to.deep.include({ name: 'Ada@acme.test', displayName: 'Ada L', role: null, email: null, status: 'active' })
  })

  it('are one under each userName, whatever its case or width, through every way in', async () => {
    const ada = await okta.user('Ada')
    const bob = await okta.user('bob')
    const taken = (name: string) => `userName '${name}' is already in use`
    for (const name of ['ada', 'ADA', 'ａｄａ']) {
      const again = await okta.send('POST', '/Users', { schemas: [urn.user], userName: name })
      expectScimError(again, 409, taken(name), 'uniqueness')
    }
    expectScimError(
      await okta.patch(`/Users/${bob.id}`, { op: 'replace', path: 'userName', value: 'ADA' }),
      409,
      taken('ADA'),
      'uniqueness',
    )
    const put = await okta.send('PUT', `/Users/${bob.id}`, { schemas: [urn.user], userName: 'ada' })
    expectScimError(put, 409, taken('ada'), 'uniqueness')
    // A member who was there before is one of them: found, not made twice.
    expectScimError(
      await okta.send('POST', '/Users', { schemas: [urn.user], userName: 'OLGA' }),
      409,
      taken('OLGA'),
      'uniqueness',
    )
    expect(await okta.names('userName eq "OLGA"')).to.deep.equal(['olga'])
    await okta.done(204, 'DELETE', `/Users/${ada.id}`)
    expect((await okta.user('ADA'))['userName']).to.equal('ADA')
  })

  it('are made once by two requests at one moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        okta.send('POST', '/Users', { schemas: [urn.user], userName: at % 2 ? 'eve' : 'EVE' }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array.from({ length: 7 }, () => 409)])
    expect(await okta.names('userName eq "eve"')).to.have.length(1)
  })

  it('are replaced by PUT: what is left out goes, save what must not come back or vanish by accident', async () => {
    const made = await okta.done(201, 'POST', '/Users', { ...full, roles: [{ value: 'r' }] })
    await okta.patch(`/Users/${made.id}`, { op: 'replace', path: 'active', value: false })
    const put = await okta.done(200, 'PUT', `/Users/${made.id}`, {
      schemas: [urn.user],
      userName: 'ada2',
      id: 'other',
      title: 'T',
    })
    const { meta: _, ...rest } = put
    expect(rest).to.deep.equal({
      schemas: [urn.user],
      id: made.id,
      externalId: '00u1',
      userName: 'ada2',
      title: 'T',
      active: false,
      roles: [{ value: 'r' }],
    })
    expect(await okta.done(200, 'PUT', `/Users/${made.id}`, { ...rest }), 'nothing changes').to.deep.equal(put)
    const cleared = await okta.done(200, 'PUT', `/Users/${made.id}`, {
      schemas: [urn.user],
      userName: 'ada2',
      externalId: null,
      roles: [],
    })
    expect(cleared).to.not.have.any.keys('externalId', 'roles', 'title')
    const unset = await okta.send('PUT', `/Users/${made.id}`, { schemas: [urn.user], userName: 'ada2', active: null })
    expectScimError(unset, 400, "'active' is true or false", 'invalidValue')
    expectScimError(
      await okta.send('PUT', `/Users/${made.id}`, { schemas: [urn.user] }),
      400,
      "'userName' is required",
      'invalidValue',
    )
  })

  it('are changed by PATCH under their revision; what changes nothing keeps it', async () => {
    const made = await okta.user('ada')
    const answer = await okta.patch(`/Users/${made.id}`, { op: 'Replace', path: 'active', value: 'False' })
    const after = answer.json() as typeof made
    expect([answer.status, after['active']]).to.deep.equal([200, false])
    expect(after.meta['version']).to.not.equal(made.meta['version'])
    const again = (await okta.patch(`/Users/${made.id}`, { op: 'replace', value: { active: false } })).json()
    expect(again).to.deep.equal(after)

    const conditional = (tag: string, method = 'PATCH') =>
      okta.send(
        method,
        `/Users/${made.id}`,
        method === 'PATCH' ? { schemas: [urn.patch], Operations: [{ op: 'add', path: 'title', value: 'x' }] } : undefined,
        { 'if-match': tag },
      )
    const stale = 'The resource has changed since, or is another one than If-Match names'
    expectScimError(await conditional(made.meta['version'] ?? ''), 412, stale)
    expectScimError(await conditional(made.meta['version'] ?? '', 'DELETE'), 412, stale)
    expect((await conditional(`"no", ${after.meta['version']}`)).status).to.equal(200)
    const { meta } = await okta.done(200, 'GET', `/Users/${made.id}`)
    const unchanged = await okta.send('GET', `/Users/${made.id}`, undefined, { 'if-none-match': meta['version'] ?? '' })
    expect([unchanged.status, unchanged.body.length]).to.deep.equal([304, 0])
    expectScimError(
      await okta.send('DELETE', '/Users/00000000-0000-4000-8000-000000000000', undefined, { 'if-match': '*' }),
      412,
      stale,
    )
    expect((await conditional('*', 'DELETE')).status).to.equal(204)
  })

  it('are gone after DELETE, and nobody can tell a deleted one from one of another organization', async () => {
    const [ada, theirs] = [await okta.user('ada'), await (await Provider.of(house, 'beta')).user('ada')]
    expect((await okta.send('DELETE', `/Users/${ada.id}`)).status).to.equal(204)
    for (const id of [ada.id, theirs.id, '00000000-0000-4000-8000-000000000000', '1', 'm_00000000000000000000']) {
      for (const method of ['GET', 'DELETE'])
        expectScimError(await okta.send(method, `/Users/${id}`), 404, `User not found: ${id}`)
      expectScimError(
        await okta.send('PUT', `/Users/${id}`, { schemas: [urn.user], userName: 'x' }),
        404,
        `User not found: ${id}`,
      )
    }
    expect(await okta.names('userName eq "ada"')).to.deep.equal([])
    expect(await okta.names(`id eq "${theirs.id}"`)).to.deep.equal([])
  })

  it('are refused with what is wrong, and nothing is written', async () => {
    const before = (await okta.list('/Users')).totalResults
    const user = (more: object) => ({ schemas: [urn.user], userName: 'x', ...more })
    const refusals: readonly (readonly [unknown, string, string])[] = [
      ['{', 'Malformed JSON: not JSON', 'invalidSyntax'],
      ['{"schemas":[],"__proto__":{}}', 'Malformed JSON: a forbidden key', 'invalidSyntax'],
      [[], 'The body is a JSON object', 'invalidSyntax'],
      [{ userName: 'x' }, `'schemas' has to name ${urn.user}`, 'invalidSyntax'],
      [{ schemas: [urn.user] }, "'userName' is required", 'invalidValue'],
      [user({ userName: '  ' }), "'userName' is required", 'invalidValue'],
      [user({ userName: ['x'] }), "'userName' is a string", 'invalidValue'],
      [user({ userName: 'a:b' }), "'userName' cannot hold a colon, at which Basic credentials are cut", 'invalidValue'],
      [user({ userName: 'x'.repeat(257) }), "'userName' has at most 256 characters", 'invalidValue'],
      [user({ userName: 'a\u0007' }), "'userName' holds a control character", 'invalidValue'],
      [user({ active: 1 }), "'active' is true or false", 'invalidValue'],
      [user({ emails: ['a', null] }), "'emails' holds null among its entries", 'invalidValue'],
      [
        user({
          emails: [
            { value: 'a', primary: true },
            { value: 'b', primary: 'True' },
          ],
        }),
        "'emails' has more than one primary entry",
        'invalidValue',
      ],
      [user({ emails: Array.from({ length: 21 }, (_, at) => `a${at}`) }), "'emails' has at most 20 entries", 'invalidValue'],
      [user({ title: 'x'.repeat(8193) }), "'title' has at most 8192 bytes", 'invalidValue'],
      [user({ title: 'a', TITLE: 'b' }), "'title' stands twice", 'invalidSyntax'],
      [
        user({ name: { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: 1 } } } } } } } } } } }),
        'The body is nested deeper than 10',
        'invalidSyntax',
      ],
    ]
    for (const [body, detail, scimType] of refusals)
      expectScimError(await okta.send('POST', '/Users', body), 400, detail, scimType)
    const type = 'The body is application/scim+json or application/json'
    expectScimError(await okta.send('POST', '/Users', user({}), { 'content-type': 'text/plain' }), 415, type)
    const large = JSON.stringify(user({ title: 'x'.repeat(1024 * 1024) }))
    expectScimError(await okta.send('POST', '/Users', large), 413, 'The request body is larger than 1048576 bytes')
    expect((await okta.list('/Users')).totalResults).to.equal(before)
  })

  it('show what is asked for, and no more', async () => {
    const made = await okta.done(201, 'POST', '/Users?attributes=userName', full)
    expect(made).to.deep.equal({ schemas: [urn.user], id: made.id, userName: 'Ada@acme.test' })
    const get = async (query: string) => {
      const { id: _, ...shown } = await okta.done(200, 'GET', `/Users/${made.id}?${query}`)
      return shown
    }
    expect(await get('attributes=name.givenName,EMAILS.value,nope')).to.deep.equal({
      schemas: [urn.user],
      name: { givenName: 'Ada' },
      emails: [{ value: 'ada@acme.test' }],
    })
    expect(await get(`attributes=${urn.enterprise}`)).to.deep.equal({
      schemas: [urn.user, urn.enterprise],
      [urn.enterprise]: { department: 'D', manager: { value: '26' } },
    })
    expect(await get(`attributes=${urn.enterprise}:department`)).to.deep.equal({
      schemas: [urn.user, urn.enterprise],
      [urn.enterprise]: { department: 'D' },
    })
    const less = await get(`excludedAttributes=id,schemas,meta,name.formatted,emails,${urn.enterprise}`)
    expect(less).to.deep.include({ schemas: [urn.user], name: { familyName: 'L', givenName: 'Ada' } })
    expect(less).to.not.have.any.keys('meta', 'emails', urn.enterprise)
    const both = await okta.send('GET', `/Users/${made.id}?attributes=a&excludedAttributes=b`)
    expectScimError(both, 400, "'attributes' and 'excludedAttributes' cannot both be given", 'invalidValue')
    const boss = await okta.user('boss', { displayName: 'The Boss' })
    await okta.patch(`/Users/${made.id}`, { op: 'replace', path: `${urn.enterprise}:manager`, value: boss.id })
    expect(await get(`attributes=${urn.enterprise}:manager.displayName`)).to.deep.include({
      [urn.enterprise]: { manager: { displayName: 'The Boss' } },
    })
  })
})
