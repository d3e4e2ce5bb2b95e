import { expect } from 'chai'
import type { Role } from '../../../core/auth/permission.js'
import type { Principal } from '../../../core/auth/principal.js'
import { lookupHash } from '../../../core/directory/lookup-rows.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { all, outcome, People, refusal } from '../../support/people.js'

async function acme() {
  const people = new People()
  await people.register().create('acme')
  const org = (await people.tenancy.open('acme')).organization.id
  const directory = await people.directory('acme')
  const as = (role: Role) => people.directory('acme', caller(role))
  return { people, org, directory, as }
}
function caller(role: Role): Principal {
  return { kind: 'member', id: 'm_caller', name: 'caller', role, groups: [], by: 'session' }
}

describe('directory: members', () => {
  it('makes a member and finds it by id, name and e-mail, without regard to case', async () => {
    const { directory } = await acme()
    const ada = await directory.createMember({
      name: 'Ada',
      email: 'Ada@Acme.Example',
      displayName: 'Ada L.',
      profile: { title: 'x' },
    })
    expect(ada).to.deep.equal({
      id: ada.id,
      name: 'Ada',
      kind: 'member',
      email: 'Ada@Acme.Example',
      displayName: 'Ada L.',
      status: 'active',
      createdAt: new Date('2026-01-31T12:00:00.000Z'),
      changedAt: new Date('2026-01-31T12:00:00.000Z'),
      profile: { title: 'x' },
      lookup: [lookupHash('member', 'displayName:ada l.')],
      revision: ada.revision,
    })
    for (const login of ['ada', 'ADA', 'ada@acme.example', 'ＡＤＡ']) {
      expect(await directory.findMemberByLogin(login), login).to.deep.equal(ada)
    }
    expect(await directory.findMember(ada.id)).to.deep.equal(ada)
    for (const id of ['m_unknown', '', 'a\0b', '../x']) expect(await directory.findMember(id)).to.equal(undefined)
    expect(await directory.findMemberByLogin('')).to.equal(undefined)
  })

  it('gives a login once, over names and e-mails together', async () => {
    const { directory } = await acme()
    await directory.createMember({ name: 'ada', email: 'ada@acme.example' })
    const bob = await directory.createMember({ name: 'bob', email: 'bob@acme.example' })
    for (const taken of [{ name: 'ADA' }, { name: 'Ada@acme.example' }, { name: 'eve', email: 'ADA@acme.example' }]) {
      expect(await outcome(directory.createMember(taken)), JSON.stringify(taken)).to.equal('conflict')
    }
    const refused = await refusal(directory.updateMember(bob.id, { name: 'ada@ACME.example' }))
    expect([refused.kind, refused.detail]).to.deep.equal(['conflict', { field: 'name' }])
    expect((await all(directory.listMembers())).map(({ name }) => name)).to.deep.equal(['ada', 'bob'])
    const racing = await Promise.all(['Eve', 'eve', 'EVE'].map((name) => outcome(directory.createMember({ name }))))
    expect(racing.sort()).to.deep.equal(['conflict', 'conflict', 'fine'])
  })

  it('takes one name as login and e-mail of the same member, and frees what a change leaves', async () => {
    const { directory } = await acme()
    const ada = await directory.createMember({ name: 'ada@acme.example', email: 'Ada@acme.example' })
    const renamed = await directory.updateMember(ada.id, { name: 'ada' })
    expect([renamed.name, renamed.email]).to.deep.equal(['ada', 'Ada@acme.example'])
    expect((await directory.findMemberByLogin('ada@acme.example'))?.id).to.equal(ada.id)
    await directory.updateMember(ada.id, { email: null })
    expect(await directory.findMemberByLogin('ada@acme.example')).to.equal(undefined)
    expect(await outcome(directory.createMember({ name: 'ada@acme.example' }))).to.equal('fine')
    expect((await all(directory.listMembers())).map(({ name }) => name)).to.deep.equal(['ada', 'ada@acme.example'])
  })

  it('refuses names, addresses, profiles and passwords that cannot be, with nothing written', async () => {
    const { directory } = await acme()
    const wrong = [
      { name: '' },
      { name: ' ada' },
      { name: 'a:b' },
      { name: 'a\nb' },
      { name: 'a'.repeat(255) },
      { name: 'ada', email: 'nowhere' },
      { name: 'ada', email: 'a@b@c' },
      { name: 'ada', displayName: '' },
      { name: 'ada', profile: { blob: 'x'.repeat(70_000) } },
      { name: 'ada', kind: 'service', password: 'plum harbour 42' },
    ] as const
    for (const each of wrong)
      expect(await outcome(directory.createMember(each)), JSON.stringify(each).slice(0, 60)).to.equal('invalid')
    expect(await outcome(directory.createMember({ name: 'ada', password: 'ada' }))).to.equal('unprocessable')
    expect(await outcome(directory.createMember({ name: 'lovelace', password: 'Lovelace1815' }))).to.equal('unprocessable')
    expect(await all(directory.listMembers())).to.deep.equal([])
  })

  it('lists by name, behind an id or a name', async () => {
    const { directory } = await acme()
    const names = async (query: { after?: string; limit?: number }) =>
      (await all(directory.listMembers(query))).map(({ name }) => name)
    const made = []
    for (let count = 0; count < 60; count += 1) {
      const name = `member-${String(count).padStart(2, '0')}`
      made.push(await directory.createMember({ name, email: `${name}@acme.example` }))
    }
    expect(await names({})).to.deep.equal(made.map(({ name }) => name))
    expect(await names({ after: 'Member-57' })).to.deep.equal(['member-58', 'member-59'])
    expect(await names({ after: made[10]?.id ?? '', limit: 2 })).to.deep.equal(['member-11', 'member-12'])
    expect(await names({ limit: 0 })).to.deep.equal([])
  })

  it('changes under the revision that was seen, and repeats where none was named', async () => {
    const { directory } = await acme()
    const ada = await directory.createMember({ name: 'ada' })
    const changed = await directory.updateMember(ada.id, { displayName: 'Ada' }, ada.revision)
    expect(await outcome(directory.updateMember(ada.id, { displayName: 'Eve' }, ada.revision))).to.equal('stale')
    expect(await directory.updateMember(ada.id, { displayName: 'Ada' }, changed.revision)).to.deep.equal(changed)
    const racing = await Promise.all(
      ['a', 'b', 'c', 'd'].map((displayName) => outcome(directory.updateMember(ada.id, { displayName }))),
    )
    expect(racing).to.deep.equal(['fine', 'fine', 'fine', 'fine'])
    const now = (await directory.findMember(ada.id))?.revision ?? ''
    const seen = await Promise.all(['x', 'y'].map((displayName) => outcome(directory.updateMember(ada.id, { displayName }, now))))
    expect(seen.sort()).to.deep.equal(['fine', 'stale'])
  })

  it('never loses its last active owner, also when two remove each other at the same moment', async () => {
    const { directory, people, org } = await acme()
    const olga = await directory.createMember({ name: 'olga', role: 'owner' })
    for (const refused of [
      directory.updateMember(olga.id, { role: 'admin' }),
      directory.updateMember(olga.id, { role: null }),
      directory.updateMember(olga.id, { status: 'inactive' }),
      directory.deleteMember(olga.id),
    ]) {
      const { kind, detail } = await refusal(refused)
      expect([kind, detail]).to.deep.equal(['conflict', { code: 'LAST_OWNER' }])
    }
    for (let round = 0; round < 10; round += 1) {
      const rival = await directory.createMember({ name: `rival-${round}`, role: 'owner' })
      const before = (await all(directory.listMembers())).filter(({ role, status }) => role === 'owner' && status === 'active')
      expect(before).to.have.length(2)
      const moves = [
        directory.updateMember(before[0]?.id ?? '', { role: 'reader' }),
        round % 2 === 0
          ? directory.deleteMember(before[1]?.id ?? '')
          : directory.updateMember(before[1]?.id ?? '', { status: 'inactive' }),
      ]
      expect((await Promise.all(moves.map(outcome))).sort()).to.deep.equal(['conflict', 'fine'])
      expect(rival.role).to.equal('owner')
    }
    const owners = (await all(directory.listMembers())).filter(({ role, status }) => role === 'owner' && status === 'active')
    expect((await people.store.get(tenantKeys.owners(org)))?.value).to.deep.equal({ v: 1, owners: owners.map(({ id }) => id) })
    expect(owners).to.have.length(1)
  })

  it('lets an administrator manage everybody but owners, and nobody below one anything', async () => {
    const { directory, as } = await acme()
    const olga = await directory.createMember({ name: 'olga', role: 'owner', password: 'plum harbour 42' })
    await directory.createMember({ name: 'otto', role: 'owner' })
    const rita = await directory.createMember({ name: 'rita', role: 'reader' })
    const admin = await as('admin')
    for (const refused of [
      admin.createMember({ name: 'eve', role: 'owner' }),
      admin.updateMember(rita.id, { role: 'owner' }),
      admin.updateMember(olga.id, { displayName: 'x' }),
      admin.setPassword(olga.id, 'quince orchard 7'),
      admin.deleteMember(olga.id),
    ]) {
      expect(await outcome(refused)).to.equal('forbidden')
    }
    expect(await outcome(admin.updateMember(rita.id, { role: 'admin' }))).to.equal('fine')
    expect(await outcome((await as('owner')).deleteMember(olga.id))).to.equal('fine')
    const developer = await as('developer')
    const asks: Promise<unknown>[] = [
      developer.findMember(rita.id),
      developer.findMemberByLogin('rita'),
      all(developer.listMembers()),
      developer.createMember({ name: 'eve' }),
      developer.updateMember(rita.id, {}),
      developer.setPassword(rita.id, 'plum harbour 42'),
      developer.deleteMember(rita.id),
      developer.findGroup('g_x'),
      developer.findGroupByName('x'),
      all(developer.listGroups()),
      developer.createGroup('x'),
      developer.renameGroup('g_x', 'y'),
      developer.deleteGroup('g_x'),
      all(developer.groupMembers('g_x')),
      developer.changeGroupMembers('g_x', {}),
    ]
    expect(new Set(await Promise.all(asks.map(outcome)))).to.deep.equal(new Set(['forbidden']))
  })

  it('leaves nothing of a member who is deleted but log rows and that it left, and frees the login', async () => {
    const { people, directory } = await acme()
    const administration = await people.administration('acme')
    const ada = await directory.createMember({
      name: 'ada',
      email: 'ada@acme.example',
      role: 'owner',
      password: 'plum harbour 42',
    })
    await directory.createMember({ name: 'olga', role: 'owner' })
    const group = await directory.createGroup('builders')
    await directory.changeGroupMembers(group.id, { add: [ada.id] })
    await administration.setGrant({ subject: { kind: 'member', id: ada.id }, repository: '*', level: 'read' })
    await administration.issueToken(ada.id, { name: 'ci', scopes: [{ kind: 'organization', level: 'read' }] })
    await directory.deleteMember(ada.id)
    const left: string[] = []
    for await (const { entry } of people.store.scan()) {
      const [, kind] = entry.key.partition.split('\0')
      if (kind !== 'l' && kind !== 'z' && JSON.stringify(entry).includes(ada.id)) left.push(JSON.stringify(entry.key))
    }
    expect(left).to.deep.equal([])
    expect((await directory.findGroup(group.id))?.memberCount).to.equal(0)
    expect((await directory.createMember({ name: 'ada', email: 'ada@acme.example' })).id).to.not.equal(ada.id)
  })
})

describe('directory: groups', () => {
  it('gives a name once, and lists by name', async () => {
    const { directory } = await acme()
    const builders = await directory.createGroup('Builders')
    expect(await outcome(directory.createGroup('builders'))).to.equal('conflict')
    const admins = await directory.createGroup('admins')
    expect((await all(directory.listGroups())).map(({ name }) => name)).to.deep.equal(['admins', 'Builders'])
    expect((await all(directory.listGroups({ after: admins.id }))).map(({ name }) => name)).to.deep.equal(['Builders'])
    expect(await outcome(directory.renameGroup(admins.id, 'BUILDERS'))).to.equal('conflict')
    const renamed = await directory.renameGroup(builders.id, 'builders', builders.revision)
    expect(await outcome(directory.renameGroup(builders.id, 'makers', builders.revision))).to.equal('stale')
    expect(await directory.findGroupByName('BUILDERS')).to.deep.equal(renamed)
    await directory.renameGroup(builders.id, 'makers')
    expect(await directory.findGroupByName('builders')).to.equal(undefined)
    expect(await outcome(directory.createGroup('builders'))).to.equal('fine')
    // The last one is short, but what it is found by is not.
    for (const name of ['', ' x', 'a\0b', 'x'.repeat(401), 'ﷺ'.repeat(30)])
      expect(await outcome(directory.createGroup(name))).to.equal('invalid')
  })

  it('holds members in chunks, each id once, and refuses strangers', async () => {
    const { people, org, directory } = await acme()
    const ids: string[] = []
    for (let count = 0; count < 2_100; count += 1) {
      const id = `m_${String(count).padStart(20, '0')}`
      ids.push(id)
      const at = new Date(0).toISOString()
      const value = { v: 1, id, name: id, kind: 'member', status: 'active', createdAt: at, changedAt: at }
      await people.store.commit([{ op: 'put', key: tenantKeys.member(org, id), value }], `m${count}`)
    }
    const group = await directory.createGroup('everybody')
    expect((await directory.changeGroupMembers(group.id, { add: ids })).memberCount).to.equal(2_100)
    const chunks = await all(people.store.range(tenantKeys.organizationRows(org), { prefix: ['group', group.id] }))
    expect(chunks.map(({ key }) => key.path.at(-1))).to.deep.equal(['0000000000', '0000000001', '0000000002'])
    const same = await directory.findGroup(group.id)
    expect(await directory.changeGroupMembers(group.id, { add: ids.slice(0, 5), remove: ['m_unknown'] })).to.deep.equal(same)
    const fewer = await directory.changeGroupMembers(group.id, { remove: ids.slice(0, 2_050) })
    expect(fewer.memberCount).to.equal(50)
    expect((await all(directory.groupMembers(group.id))).sort()).to.deep.equal(ids.slice(2_050))
    expect(await outcome(directory.changeGroupMembers(group.id, { add: [`m_${'z'.repeat(20)}`] }))).to.equal('invalid')
    await directory.deleteGroup(group.id)
    expect(await all(people.store.range(tenantKeys.organizationRows(org), { prefix: ['group', group.id] }))).to.deep.equal([])
    expect(await outcome(all(directory.groupMembers(group.id)))).to.equal('not-found')
  })

  it('loses no change of two that come at the same moment', async () => {
    const { directory } = await acme()
    const group = await directory.createGroup('builders')
    const members = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => directory.createMember({ name })))
    await Promise.all(members.map(({ id }) => directory.changeGroupMembers(group.id, { add: [id] })))
    expect((await directory.findGroup(group.id))?.memberCount).to.equal(5)
    expect((await all(directory.groupMembers(group.id))).sort()).to.deep.equal(members.map(({ id }) => id).sort())
  })
})
