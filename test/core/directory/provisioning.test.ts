import { expect } from 'chai'
import type { Principal } from '../../../core/auth/principal.js'
import type { Directory } from '../../../core/directory/directory.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { all, changeOf, outcome, People, refusal } from '../../support/people.js'

const okta: Principal = { kind: 'scim', id: 'tok_okta', connection: 'okta' }

async function acme() {
  const people = new People()
  await people.register().create('acme')
  return { people, provider: () => people.directory('acme', okta), owner: () => people.directory('acme') }
}

describe('the directory as an identity provider uses it', () => {
  it('finds members and groups by what was given with them, until it is taken back', async () => {
    const { provider, people } = await acme()
    const directory = await provider()
    const ada = await directory.createMember({ name: 'ada', lookup: ['externalId:1', 'email:a@x'], profile: { title: 'x' } })
    const bob = await directory.createMember({ name: 'bob', lookup: ['email:a@x'], status: 'inactive' })
    const makers = await directory.createGroup('makers', { lookup: ['externalId:1'], members: [ada.id, ada.id] })
    const named = async (text: string) => (await all(directory.findMembers(text))).map(({ name }) => name).sort()
    expect(await named('email:a@x')).to.deep.equal(['ada', 'bob'])
    expect(await named('externalId:1')).to.deep.equal(['ada'])
    expect(await named('externalId:2')).to.deep.equal([])
    expect((await all(directory.findGroups('externalId:1'))).map(({ id }) => id)).to.deep.equal([makers.id])
    expect(bob.status).to.equal('inactive')

    const moved = await directory.updateMember(ada.id, { lookup: ['externalId:2'] })
    expect(await named('email:a@x')).to.deep.equal(['bob'])
    expect(await named('externalId:2')).to.deep.equal(['ada'])
    expect((await directory.updateMember(ada.id, { lookup: ['externalId:2'], profile: { title: 'x' } })).revision).to.equal(
      moved.revision,
    )
    await directory.deleteMember(ada.id)
    await directory.deleteMember(bob.id)
    await directory.deleteGroup(makers.id)
    const rows: string[] = []
    for await (const { entry } of people.store.scan()) if (entry.key.partition.includes('\0k\0')) rows.push(entry.key.partition)
    expect(rows).to.deep.equal([])
    const many = Array.from({ length: 25 }, (_, at) => `email:${at}`)
    expect(await outcome(directory.createMember({ name: 'eve', lookup: many }))).to.equal('invalid')
  })

  it('lists everybody by age, under each state of the organization anew', async () => {
    const { people, provider } = await acme()
    const names = async () => {
      const directory = await provider()
      const entries = await directory.membersByAge()
      return (await all(directory.readMembers(entries.map(({ id }) => id)))).map(({ name }) => name)
    }
    await (await provider()).createMember({ name: 'zoe' })
    people.clock.advance(1000)
    const ada = await (await provider()).createMember({ name: 'ada' })
    expect(await names()).to.deep.equal(['zoe', 'ada'])
    people.clock.advance(2000)
    expect(await names()).to.deep.equal(['zoe', 'ada'])
    const directory = await provider()
    const reads = people.store.gets
    expect((await directory.membersByAge()).length).to.equal(2)
    expect(people.store.gets - reads).to.equal(0)
    await (await provider()).deleteMember(ada.id)
    expect(await names()).to.deep.equal(['zoe'])
  })

  it('changes name, profile and members of a group in one commit, and nothing where nothing changes', async () => {
    const { provider } = await acme()
    const directory = await provider()
    const [ada, bob] = [await directory.createMember({ name: 'ada' }), await directory.createMember({ name: 'bob' })]
    const made = await directory.createGroup('makers', { members: [ada.id], profile: { externalId: '1' } })
    expect(made).to.deep.include({ name: 'makers', memberCount: 1, provisioned: true, profile: { externalId: '1' } })
    const changed = await directory.updateGroup(made.id, { name: 'Builders', add: [bob.id], remove: [ada.id] }, made.revision)
    expect(changed).to.deep.include({ name: 'Builders', memberCount: 1, profile: { externalId: '1' } })
    expect(await all(directory.groupMembers(made.id))).to.deep.equal([bob.id])
    expect(await directory.updateGroup(made.id, { name: 'Builders', add: [bob.id], profile: { externalId: '1' } })).to.deep.equal(
      changed,
    )
    expect(await outcome(directory.updateGroup(made.id, { name: 'x' }, made.revision))).to.equal('stale')
    expect((await (await provider()).groupsOf(bob.id)).map(({ name }) => name)).to.deep.equal(['Builders'])
  })

  it('keeps groups of people and groups of identity providers apart; people can delete both', async () => {
    const { people, provider, owner } = await acme()
    const [theirs, ours] = [await (await provider()).createGroup('theirs'), await (await owner()).createGroup('ours')]
    const directory = await owner()
    await (await people.administration('acme')).scimTokens.issue({ connection: 'okta', expiresInDays: 1 })
    const refused = await refusal(directory.renameGroup(theirs.id, 'mine'))
    expect([refused.kind, refused.detail]).to.deep.equal(['conflict', { code: 'provisioned' }])
    expect(await outcome(directory.changeGroupMembers(theirs.id, { add: [] }))).to.equal('conflict')
    expect(await outcome((await provider()).updateGroup(ours.id, { name: 'x' }))).to.equal('not-found')
    expect(await outcome((await provider()).deleteGroup(ours.id))).to.equal('not-found')
    // Nobody could change it any more, were it locked for good.
    people.clock.advance(86_400_000)
    expect((await directory.renameGroup(theirs.id, 'mine')).name).to.equal('mine')
    await directory.deleteGroup(theirs.id)
    expect(await directory.findGroup(theirs.id)).to.equal(undefined)
    // One who is deleted leaves the groups of both.
    const ada = await directory.createMember({ name: 'ada' })
    const again = await (await provider()).createGroup('theirs', { members: [ada.id] })
    await directory.deleteMember(ada.id)
    expect((await directory.findGroup(again.id))?.memberCount).to.equal(0)
  })

  it('hides an owner who breaks the glass from identity providers, in every way to look', async () => {
    const { people, provider, owner } = await acme()
    const olga = await (await owner()).createMember({ name: 'olga', role: 'owner', email: 'olga@acme.test' })
    const oscar = await (await owner()).createMember({ name: 'oscar', role: 'owner', lookup: ['externalId:1'] })
    const { organization } = await people.tenancy.open('acme')
    const change = changeOf(people, organization.id)
    for (const { id } of [olga, oscar]) change.put(tenantKeys.signInException(organization.id, id), { v: 1, breakGlass: true })
    await change.commit()
    const seen = async (directory: Directory) => [
      await directory.findMember(olga.id),
      await directory.findMemberByLogin('olga@acme.test'),
      ...(await all(directory.listMembers())),
      ...(await all(directory.readMembers([olga.id, oscar.id]))),
      ...(await all(directory.findMembers('externalId:1'))),
      ...(await directory.membersByAge()),
    ]
    expect(await seen(await provider())).to.deep.equal([undefined, undefined])
    expect((await seen(await owner())).length).to.equal(9)
    const directory = await provider()
    expect(await outcome(directory.updateMember(olga.id, { status: 'inactive' }))).to.equal('not-found')
    expect(await outcome(directory.deleteMember(olga.id))).to.equal('not-found')
  })

  it('lets an identity provider deactivate an owner, but not the last, and give no role', async () => {
    const { provider, owner } = await acme()
    const olga = await (await owner()).createMember({ name: 'olga', role: 'owner' })
    const oscar = await (await owner()).createMember({ name: 'oscar', role: 'owner' })
    const directory = await provider()
    expect((await directory.updateMember(olga.id, { status: 'inactive' })).status).to.equal('inactive')
    expect(await outcome(directory.updateMember(oscar.id, { status: 'inactive' }))).to.equal('conflict')
    expect(await outcome(directory.deleteMember(oscar.id))).to.equal('conflict')
    expect(await outcome(directory.updateMember(olga.id, { role: 'owner' }))).to.equal('forbidden')
  })
})
