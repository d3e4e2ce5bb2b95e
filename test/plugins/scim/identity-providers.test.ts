import { expect } from 'chai'
import type { Answer, House } from '../../support/house.js'
import { expectScimError, Provider, type Resource, scimHouse, urn } from '../../support/scim.js'

/** What known identity providers send, in the order that they send it: bodies, words and headers as their documentation and their logs have them. */
describe('identity providers as they are', () => {
  let house: House
  let provider: Provider
  beforeEach(async () => {
    house = await scimHouse()
    provider = await Provider.of(house)
  })
  afterEach(() => house.close())

  const asked = async (status: number, answer: Promise<Answer>) => {
    const got = await answer
    expect(got.status, got.text()).to.equal(status)
    return (got.body.length === 0 ? {} : got.json()) as Resource & Record<string, unknown>
  }
  const query = (path: string, filter: string) => `${path}?filter=${encodeURIComponent(filter)}`
  const ids = (group: Record<string, unknown>) => ((group['members'] ?? []) as { value: string }[]).map(({ value }) => value)

  it('Entra: connection test, user with its metadata, verbose changes, manager, soft delete, group', async () => {
    const send = (method: string, path: string, body?: unknown) =>
      provider.send(method, path, body, body === undefined ? {} : { 'content-type': 'application/scim+json; charset=utf-8' })
    const test = await asked(200, send('GET', query('/Users', 'userName eq "8d0c2f1e-aaaa-bbbb-cccc-1234567890ab"')))
    expect([test['totalResults'], test['Resources']]).to.deep.equal([0, []])
    const made = await asked(
      201,
      send('POST', '/Users', {
        schemas: [urn.user, urn.enterprise],
        externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
        userName: 'Test_User_ab6490ee@testuser.com',
        active: true,
        displayName: 'lennay',
        emails: [{ primary: true, type: 'work', value: 'newEmail@testuser.com' }],
        meta: { resourceType: 'User' },
        name: { formatted: 'givenName familyName', familyName: 'familyName', givenName: 'givenName' },
        roles: [],
      }),
    )
    const path = `/Users/${made.id}`
    const change = (...Operations: readonly object[]) => asked(200, send('PATCH', path, { schemas: [urn.patch], Operations }))
    const updated = await change(
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updatedEmail@microsoft.com' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555' },
      { op: 'Add', path: `${urn.enterprise}:manager`, value: '26' },
      { op: 'Add', path: 'roles[primary eq "True"].value', value: '{"id":"x","displayName":"Reader"}' },
    )
    expect(updated['emails']).to.deep.equal([{ primary: true, type: 'work', value: 'updatedEmail@microsoft.com' }])
    expect(updated['phoneNumbers']).to.deep.equal([{ type: 'mobile', value: '+1 555' }])
    expect(updated[urn.enterprise]).to.deep.equal({ manager: { value: '26' } })
    expect(updated['roles']).to.deep.equal([{ primary: true, value: '{"id":"x","displayName":"Reader"}' }])
    const found = await asked(200, send('GET', query('/Users', 'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"')))
    expect(found['totalResults']).to.equal(1)
    expect((await change({ op: 'Replace', path: 'active', value: 'False' }))['active']).to.equal(false)
    expect(
      (await change({ op: 'replace', value: { active: true, 'name.givenName': 'G', [`${urn.enterprise}:department`]: 'D' } }))[
        'active'
      ],
    ).to.equal(true)
    expect(
      (await asked(200, send('GET', query('/Users', 'emails[type eq "work"].value eq "UPDATEDEMAIL@microsoft.com"'))))[
        'totalResults'
      ],
    ).to.equal(1)

    const group = await asked(
      201,
      send('POST', '/Groups', {
        schemas: [urn.group, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
        externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
        displayName: 'displayName',
        meta: { resourceType: 'Group' },
      }),
    )
    expect(group['schemas']).to.deep.equal([urn.group])
    const groupPath = `/Groups/${group.id}`
    const grouped = (...Operations: readonly object[]) =>
      asked(200, send('PATCH', groupPath, { schemas: [urn.patch], Operations }))
    expect(ids(await grouped({ op: 'Add', path: 'members', value: [{ $ref: null, value: made.id }] }))).to.deep.equal([made.id])
    const looked = await asked(200, send('GET', query('/Groups', `id eq "${group.id}" and members eq "${made.id}"`)))
    expect(looked['totalResults']).to.equal(1)
    expect(await asked(200, send('GET', `${groupPath}?excludedAttributes=members`))).to.not.have.property('members')
    expect(ids(await grouped({ op: 'Remove', path: 'members', value: [{ $ref: null, value: made.id }] }))).to.deep.equal([])
    expect((await grouped({ op: 'Replace', path: 'displayName', value: 'newName' }))['displayName']).to.equal('newName')
    await asked(204, send('DELETE', groupPath))
    await asked(204, send('DELETE', path))
    await asked(404, send('DELETE', path))
  })

  it('Okta: lists and looks first, sends no charset or no type, deactivates by PATCH or by PUT, pushes groups whole', async () => {
    const list = await asked(
      200,
      provider.send('GET', '/Users?count=1&startIndex=1', undefined, { 'content-type': 'application/scim+json' }),
    )
    expect(list).to.include.keys('schemas', 'totalResults', 'itemsPerPage', 'startIndex', 'Resources')
    const body = {
      schemas: [urn.user],
      userName: 'test.user@okta.local',
      name: { givenName: 'Test', familyName: 'User' },
      emails: [{ primary: true, value: 'test.user@okta.local', type: 'work' }],
      displayName: 'Test User',
      locale: 'en-US',
      externalId: '00ujl29u0le5T6Aj10h7',
      groups: [],
      password: '1mz050nq',
      active: true,
    }
    const made = await asked(201, provider.send('POST', '/Users', JSON.stringify(body), { 'content-type': '' }))
    expectScimError(
      await provider.send('POST', '/Users', body),
      409,
      "userName 'test.user@okta.local' is already in use",
      'uniqueness',
    )
    const upper = await asked(200, provider.send('GET', query('/Users', 'userName eq "TEST.USER@OKTA.LOCAL"')))
    expect(upper['totalResults']).to.equal(1)
    const read = await asked(200, provider.send('GET', `/Users/${made.id}`))
    const { password: _, groups: __, ...known } = body
    expect(read).to.deep.include(known)
    const put = await asked(200, provider.send('PUT', `/Users/${made.id}`, { ...read, active: false }))
    expect(put['active']).to.equal(false)
    const { active: ___, ...omitted } = read
    expect(
      (await asked(200, provider.send('PUT', `/Users/${made.id}`, { ...omitted, displayName: 'Other' })))['active'],
    ).to.equal(false)
    expect(
      (await asked(200, provider.patch(`/Users/${made.id}`, { op: 'replace', value: { active: true } })))['active'],
    ).to.equal(true)
    expectScimError(await provider.send('GET', '/Users/invalid-id'), 404, 'User not found: invalid-id')

    const group = await asked(
      201,
      provider.send('POST', '/Groups', {
        schemas: [urn.group],
        displayName: 'Okta Group',
        members: [{ value: made.id, display: 'test.user@okta.local' }],
      }),
    )
    expect(ids(group)).to.deep.equal([made.id])
    const renamed = await asked(
      200,
      provider.patch(`/Groups/${group.id}`, { op: 'replace', value: { id: group.id, displayName: 'Renamed' } }),
    )
    expect(renamed['displayName']).to.equal('Renamed')
    const pushed = await asked(
      200,
      provider.patch(
        `/Groups/${group.id}`,
        { op: 'remove', path: `members[value eq "${made.id}"]` },
        { op: 'add', path: 'members', value: [{ value: made.id, display: 'test.user@okta.local' }] },
      ),
    )
    expect(ids(pushed)).to.deep.equal([made.id])
    expect(
      ids(await asked(200, provider.patch(`/Groups/${group.id}`, { op: 'replace', path: 'members', value: [] }))),
    ).to.deep.equal([])
    expect((await asked(200, provider.send('GET', query('/Groups', 'displayName eq "renamed"'))))['totalResults']).to.equal(1)
  })

  it('OneLogin: looks by userName, puts users whole, removes members by a list of values', async () => {
    expect((await asked(200, provider.send('GET', query('/Users', 'userName eq "one@login.test"'))))['totalResults']).to.equal(0)
    const body = {
      schemas: [urn.user, urn.enterprise],
      userName: 'one@login.test',
      name: { familyName: 'L', givenName: 'O' },
      emails: [{ value: 'one@login.test', primary: true }],
      [urn.enterprise]: { department: '' },
    }
    const made = await asked(201, provider.send('POST', '/Users', body, { 'content-type': 'application/json' }))
    const put = await asked(200, provider.send('PUT', `/Users/${made.id}`, { ...body, id: made.id, title: 'T' }))
    expect(put['title']).to.equal('T')
    const group = await provider.group('OL', [made])
    const removed = await asked(
      200,
      provider.patch(`/Groups/${group.id}`, { op: 'remove', path: 'members', value: [{ value: made.id }] }),
    )
    expect(ids(removed)).to.deep.equal([])
    const suspended = await asked(200, provider.patch(`/Users/${made.id}`, { op: 'replace', path: 'active', value: false }))
    expect(suspended['active']).to.equal(false)
    await asked(204, provider.send('DELETE', `/Users/${made.id}`))
  })

  it('JumpCloud: makes and removes a test user, changes without a path, takes members out by values', async () => {
    const made = await provider.user('jc-test@example.test', {
      emails: [{ value: 'jc-test@example.test', type: 'work', primary: true }],
      active: true,
    })
    const changed = await asked(
      200,
      provider.patch(`/Users/${made.id}`, {
        op: 'replace',
        value: { active: false, displayName: 'JC', 'emails[type eq "work"].value': 'x@example.test' },
      }),
    )
    expect(changed).to.deep.include({
      active: false,
      displayName: 'JC',
      emails: [{ value: 'x@example.test', type: 'work', primary: true }],
    })
    const group = await provider.group('JC', [made])
    expect(
      ids(
        await asked(200, provider.patch(`/Groups/${group.id}`, { op: 'Remove', path: 'members', value: [{ value: made.id }] })),
      ),
    ).to.deep.equal([])
    await asked(204, provider.send('DELETE', `/Users/${made.id}`))
  })

  it('Keycloak: reads what there is, then makes, patches by name and keeps members by adding', async () => {
    for (const path of ['ServiceProviderConfig', 'ResourceTypes', 'Schemas']) await asked(200, provider.send('GET', `/${path}`))
    const made = await provider.user('kc', {
      externalId: 'f:kc',
      name: { givenName: 'K', familyName: 'C' },
      emails: [{ value: 'kc@example.test' }],
    })
    const changed = await asked(
      200,
      provider.patch(
        `/Users/${made.id}`,
        { op: 'replace', path: 'name.givenName', value: 'X' },
        { op: 'replace', path: 'emails', value: [{ value: 'kc2@example.test' }] },
      ),
    )
    expect(changed).to.deep.include({ name: { givenName: 'X', familyName: 'C' }, emails: [{ value: 'kc2@example.test' }] })
    const search = await asked(
      200,
      provider.send('POST', '/Users/.search', { schemas: [urn.search], filter: 'userName eq "kc"', startIndex: 1, count: 2 }),
    )
    expect(search['totalResults']).to.equal(1)
    const group = await provider.group('KC')
    expect(
      ids(await asked(200, provider.patch(`/Groups/${group.id}`, { op: 'add', path: 'members', value: { value: made.id } }))),
    ).to.deep.equal([made.id])
  })
})
