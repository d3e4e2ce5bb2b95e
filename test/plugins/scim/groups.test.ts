import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { expectScimError, Provider, type Resource, scimHouse, urn } from '../../support/scim.js'

describe('groups of SCIM', () => {
  let house: House
  let okta: Provider
  let ada: Resource
  let bob: Resource
  beforeEach(async () => {
    house = await scimHouse()
    okta = await Provider.of(house)
    ;[ada, bob] = [await okta.user('ada', { displayName: 'Ada L' }), await okta.user('bob')]
  })
  afterEach(() => house.close())

  const members = (group: Resource) => ((group['members'] ?? []) as { value: string }[]).map(({ value }) => value)
  const entry = ({ id, meta }: Resource) => ({ value: id, $ref: meta['location'], type: 'User' })

  it('hold users, are shown by them, and leave nothing behind', async () => {
    const made = await okta.group('Makers', [ada], { externalId: 'x1' })
    const { meta, ...rest } = made
    expect(rest).to.deep.equal({
      schemas: [urn.group],
      id: made.id,
      externalId: 'x1',
      displayName: 'Makers',
      members: [entry(ada)],
    })
    expect(meta['location']).to.equal(`${house.url}/acme/-/scim/v2/Groups/${made.id}`)
    const shown = await okta.done(200, 'GET', `/Users/${ada.id}`)
    expect(shown['groups']).to.deep.equal([{ value: made.id, $ref: meta['location'], display: 'Makers', type: 'direct' }])
    expect(await okta.names(`groups.value eq "${made.id}"`)).to.deep.equal(['ada'])
    expect(await okta.names('groups.display co "make"')).to.deep.equal(['ada'])
    expect(await okta.names(`members eq "${ada.id}"`, '/Groups')).to.deep.equal(['Makers'])
    expect(await okta.names(`id eq "${made.id}" and members[value eq "${bob.id}"]`, '/Groups')).to.deep.equal([])
    const display = await okta.done(200, 'GET', `/Groups/${made.id}?attributes=members.display`)
    expect(display['members']).to.deep.equal([{ display: 'Ada L' }])
    expect(await okta.done(200, 'GET', `/Groups/${made.id}?excludedAttributes=members`)).to.not.have.property('members')
    await okta.done(204, 'DELETE', `/Users/${ada.id}`)
    expect(members(await okta.done(200, 'GET', `/Groups/${made.id}`))).to.deep.equal([])
    await okta.done(204, 'DELETE', `/Groups/${made.id}`)
    expectScimError(await okta.send('GET', `/Groups/${made.id}`), 404, `Group not found: ${made.id}`)
  })

  it('are changed as Entra and Okta change them', async () => {
    const { id } = await okta.group('Makers', [ada])
    const path = `/Groups/${id}`
    const changed = async (...operations: readonly object[]) => {
      const answer = await okta.patch(path, ...operations)
      expect(answer.status, answer.text()).to.equal(200)
      return answer.json() as Resource
    }
    expect(members(await changed({ op: 'Add', path: 'members', value: [{ $ref: null, value: bob.id }] }))).to.deep.equal([
      ada.id,
      bob.id,
    ])
    expect(members(await changed({ op: 'Remove', path: 'members', value: [{ $ref: null, value: ada.id }] }))).to.deep.equal([
      bob.id,
    ])
    expect(members(await changed({ op: 'replace', path: 'members', value: [{ value: ada.id, display: 'x' }] }))).to.deep.equal([
      ada.id,
    ])
    const renamed = await changed({ op: 'replace', value: { id, displayName: 'New name' } })
    expect([renamed['displayName'], members(renamed)]).to.deep.equal(['New name', [ada.id]])
    const same = await changed({ op: 'add', path: 'members', value: [{ value: ada.id }] })
    expect(same.meta).to.deep.equal(renamed.meta)
    expect(members(await changed({ op: 'remove', path: `members[value eq "${ada.id}"]` }))).to.deep.equal([])
    const put = await okta.done(200, 'PUT', path, { schemas: [urn.group], displayName: 'Put', members: [{ value: bob.id }] })
    expect(members(put)).to.deep.equal([bob.id])
    const kept = await okta.done(200, 'PUT', path, { schemas: [urn.group], displayName: 'Put again' })
    expect([kept['displayName'], members(kept)]).to.deep.equal(['Put again', [bob.id]])
    expect(
      members(await okta.done(200, 'PUT', path, { schemas: [urn.group], displayName: 'Put again', members: [] })),
    ).to.deep.equal([])
  })

  it('refuse names that are taken, and members that are no users', async () => {
    const makers = await okta.group('Makers')
    const other = await okta.group('Other')
    const taken = (name: string) => [409, `displayName '${name}' is already in use`, 'uniqueness'] as const
    expectScimError(await okta.send('POST', '/Groups', { schemas: [urn.group], displayName: 'MAKERS' }), ...taken('MAKERS'))
    expectScimError(
      await okta.patch(`/Groups/${other.id}`, { op: 'replace', path: 'displayName', value: 'makers' }),
      ...taken('makers'),
    )
    const add = (value: string) => okta.patch(`/Groups/${makers.id}`, { op: 'add', path: 'members', value: [{ value }] })
    expectScimError(await add('fake-member-id'), 400, "No user has the id 'fake-member-id'", 'invalidValue')
    expectScimError(await add(other.id), 400, 'A group cannot be a member of a group here', 'invalidValue')
    const theirs = await (await Provider.of(house, 'beta')).user('ada')
    expectScimError(await add(theirs.id), 400, `No user has the id '${theirs.id}'`, 'invalidValue')
    expect(await okta.done(200, 'GET', `/Groups/${makers.id}`)).to.deep.equal(makers)
  })

  it('take all members that are added at one moment', async () => {
    const { id } = await okta.group('Makers')
    const users = await Promise.all(Array.from({ length: 8 }, (_, at) => okta.user(`user-${at}`)))
    const answers = await Promise.all(
      users.map((user) => okta.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value: user.id }] })),
    )
    const done = users.filter((_, at) => answers[at]?.status === 200)
    expect(done.length).to.be.above(0)
    expect(answers.every(({ status }) => status === 200 || status === 409)).to.equal(true)
    expect(members(await okta.done(200, 'GET', `/Groups/${id}`)).sort()).to.deep.equal(done.map((user) => user.id).sort())
  })

  it('carry grants by their id: a rename keeps them, one of the same name made later has none', async () => {
    const operator = operatorOf(house)
    const makers = await okta.group('Makers', [ada])
    await operator.done('PUT', 'grants', { subject: 'Makers', repository: 'files', level: 'read' })
    const { token } = await operator.done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['repo:*:read'] })
    const look = async () =>
      (await house.call('GET', '/acme/files/', { as: 'nobody', headers: { authorization: `Bearer ${token}` } })).status
    expect(await look()).to.equal(200)
    await okta.patch(`/Groups/${makers.id}`, { op: 'replace', path: 'displayName', value: 'Builders' })
    expect(await look()).to.equal(200)
    await okta.patch(`/Groups/${makers.id}`, { op: 'remove', path: 'members', value: [{ value: ada.id }] })
    expect(await look()).to.equal(404)
    await okta.patch(`/Groups/${makers.id}`, { op: 'add', path: 'members', value: [{ value: ada.id }] })
    expect(await look()).to.equal(200)
    await okta.done(204, 'DELETE', `/Groups/${makers.id}`)
    await okta.group('Builders', [ada])
    expect(await look()).to.equal(404)
  })

  it('are kept apart from groups of people: neither side changes those of the other', async () => {
    const operator = operatorOf(house)
    await operator.done('POST', 'groups', { name: 'ours' })
    const makers = await okta.group('Makers', [ada])
    expect((await okta.list('/Groups')).Resources.map(({ id }) => id)).to.deep.equal([makers.id])
    expect(await okta.names('displayName eq "ours"', '/Groups')).to.deep.equal([])
    const refused = await operator.send('PUT', 'groups/Makers/members/bob')
    expect([refused.status, (refused.json() as Record<string, unknown>)['detail']]).to.deep.equal([
      409,
      'An identity provider keeps this group: change it there, or delete it',
    ])
    expect(members(await okta.done(200, 'GET', `/Groups/${makers.id}`))).to.deep.equal([ada.id])
    await operator.done('DELETE', 'groups/Makers')
    expect((await okta.list('/Groups')).totalResults).to.equal(0)
  })

  it('tell the log who came in and who went out, whoever changed them', async () => {
    const operator = operatorOf(house)
    const makers = await okta.group('Makers', [ada])
    const idOf = async (name: string) => (await operator.done('GET', `members/${name}`))['id']
    const [adaId, bobId] = [await idOf('ada'), await idOf('bob')]
    await okta.patch(`/Groups/${makers.id}`, { op: 'replace', path: 'members', value: [{ value: bob.id }] })
    await okta.patch(`/Groups/${makers.id}`, { op: 'replace', path: 'displayName', value: 'Builders' })
    await operator.done('POST', 'groups', { name: 'ours' })
    await operator.done('PUT', 'groups/ours/members/bob')
    const rows = await operator.items('audit?action=group')
    const told = rows.map(({ action, changes, effects }) => [action, changes, effects])
    expect(told).to.have.deep.members([
      ['group.create', [`+${adaId}`], { added: 1 }],
      ['group.update', ['members', `+${bobId}`, `-${adaId}`], { added: 1, removed: 1 }],
      ['group.update', ['name'], {}],
      ['group.create', [], {}],
      ['group.update', ['members', `+${bobId}`], { added: 1, removed: 0 }],
    ])
    // What the log says of ada is told to ada, without who else came and went.
    const own = (await operator.send('GET', 'members/ada/data')).text().trimEnd().split('\n')
    const lines = own.map((line) => JSON.parse(line) as Record<string, unknown>)
    const groups = lines.filter(({ action }) => String(action).startsWith('group.')).map(({ changes }) => changes)
    expect(groups).to.have.deep.members([[`+${adaId}`], ['members', `-${adaId}`]])
  })

  it('are shown as such to those who manage members, who change them once no token of a provider lives', async () => {
    const operator = operatorOf(house)
    await operator.done('POST', 'groups', { name: 'ours' })
    await okta.group('Makers', [ada])
    const shown = async () => (await operator.items('groups')).map(({ name, provisioned }) => [name, provisioned])
    expect(await shown()).to.deep.equal([
      ['Makers', true],
      ['ours', false],
    ])
    const change = async () => (await operator.send('PUT', 'groups/Makers/members/bob')).status
    expect(await change()).to.equal(409)
    const [{ id } = { id: '' }] = await operator.items('scim-tokens')
    await operator.done('DELETE', `scim-tokens/${id}`)
    expect(await change()).to.equal(200)
    const again = await Provider.of(house)
    expect(await change()).to.equal(409)
    expect(members((await again.list('/Groups')).Resources[0] as Resource)).to.have.members([ada.id, bob.id])
  })

  it('gain nothing by a name that carried a grant, whether they are given it, made with it, or had it once', async () => {
    const operator = operatorOf(house)
    const granted = await okta.group('Engineering')
    const other = await okta.group('Other', [ada])
    await operator.done('POST', 'groups', { name: 'Local' })
    for (const subject of ['Engineering', 'Local'])
      await operator.done('PUT', 'grants', { subject, repository: 'files', level: 'administer' })
    const { token } = await operator.done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['repo:*:read'] })
    const look = async () =>
      (await house.call('GET', '/acme/files/', { as: 'nobody', headers: { authorization: `Bearer ${token}` } })).status
    const rename = (id: string, value: string) => okta.patch(`/Groups/${id}`, { op: 'replace', path: 'displayName', value })
    expect((await rename(other.id, 'Engineering')).status).to.equal(409)
    expect((await rename(other.id, 'Local')).status).to.equal(409)
    expect(await look()).to.equal(404)
    // The names come free in two ways: another name, and the end of the group.
    await rename(granted.id, 'Platform')
    await operator.done('DELETE', 'groups/Local')
    for (const name of ['Engineering', 'Local']) {
      expect((await rename(other.id, name)).status, name).to.equal(200)
      expect(await look(), name).to.equal(404)
    }
    await okta.group('Engineering', [ada], { externalId: granted.id })
    expect(await look()).to.equal(404)
    const grants = (await operator.items('grants')).map(({ subject }) => subject)
    expect(grants.length).to.equal(1)
  })

  it('answer a PATCH of a long list with 204 and the new tag, unless attributes are asked for', async () => {
    const { id } = await okta.group('Everybody')
    const { directory } = await directoryOf(house)
    const ids: string[] = []
    for (let at = 0; at < 501; at += 1) ids.push((await directory.createMember({ name: `m${at}` })).id)
    const group = await okta.list('/Groups')
    const users = await okta.list('/Users?attributes=id&count=200')
    expect([group.totalResults, users.totalResults]).to.deep.equal([1, 507])
    const values: { value: string }[] = []
    for (let start = 1; start < 507; start += 200) {
      const page = await okta.list(`/Users?attributes=id&count=200&startIndex=${start}`)
      values.push(...page.Resources.map((user) => ({ value: user.id })))
    }
    const answer = await okta.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: values })
    expect([answer.status, answer.body.length]).to.deep.equal([204, 0])
    const { meta } = await okta.done(200, 'GET', `/Groups/${id}?excludedAttributes=members`)
    expect(answer.headers['etag']).to.equal(meta['version'])
    const asked = await okta.send('PATCH', `/Groups/${id}?attributes=displayName`, {
      schemas: [urn.patch],
      Operations: [{ op: 'replace', path: 'displayName', value: 'All' }],
    })
    expect(asked.json()).to.deep.equal({ schemas: [urn.group], id, displayName: 'All' })
  })
})

/** Past the front door, for members by the hundred. */
async function directoryOf(house: House) {
  const directory = { createMember: ({ name }: { name: string }) => house.kernel.setup.createMember('acme', { name }) }
  return { directory }
}
