import { expect } from 'chai'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { CountingStore, outcome, People } from '../../support/people.js'

/** Commits a change of the organization right behind the read that `when` waits for. */
class InterruptedStore extends CountingStore {
  interrupt: (() => Promise<unknown>) | undefined
  override async get(key: Parameters<CountingStore['get']>[0]) {
    const entry = await super.get(key)
    if (this.interrupt !== undefined && key.path[0] === 'organization') {
      const interrupt = this.interrupt
      this.interrupt = undefined
      await interrupt()
    }
    return entry
  }
}

describe('tenancy', () => {
  it('reads one row for a request, once warm: the access epoch', async () => {
    const people = new People()
    await people.register().create('acme')
    const ada = await (await people.directory('acme')).createMember({ name: 'ada', role: 'developer' })
    const administration = await people.administration('acme')
    const { token } = await administration.issueToken(ada.id, { name: 'ci', scopes: [{ kind: 'organization', level: 'read' }] })
    await people.bearer('acme', token)
    people.clock.advance(1_000)
    await people.bearer('acme', token)
    const before = people.store.gets
    await people.bearer('acme', token)
    expect(people.store.gets - before).to.equal(1)
  })

  it('keeps nothing it read within a second of meeting a new epoch', async () => {
    const people = new People()
    await people.register().create('acme')
    const first = await people.tenancy.open('acme')
    people.clock.advance(999)
    const second = await people.tenancy.open('acme')
    people.clock.advance(1)
    const third = await people.tenancy.open('acme')
    expect(second === first).to.equal(false)
    expect(third === second).to.equal(false)
    expect((await people.tenancy.open('acme')) === third).to.equal(true)
  })

  it('answers from one moment: a change in the middle of reading is read again', async () => {
    const store = new InterruptedStore()
    const people = new People(store)
    const other = new People(store, people.clock)
    await people.register().create('acme')
    people.clock.advance(5_000)
    store.interrupt = async () => (await other.administration('acme')).createRepository({ name: 'late', format: 'raw' })
    const tenant = await people.tenancy.open('acme')
    expect([...tenant.repositories()].map(({ name }) => name)).to.deep.equal(['late'])
    expect(tenant.epoch).to.equal((await other.tenancy.open('acme')).epoch)
  })

  it('serves an organization that does not exist as an empty one, always under the same id', async () => {
    const people = new People()
    const tenant = await people.tenancy.open('nowhere')
    const again = await new People().tenancy.open('nowhere')
    expect([tenant.exists, tenant.epoch, [...tenant.repositories()]]).to.deep.equal([false, '', []])
    expect(tenant.organization).to.deep.equal(again.organization)
    expect(tenant.organization).to.deep.include({ name: 'nowhere', status: 'active', publicAllowed: false })
    expect(tenant.organization.id).to.match(/^o_[0-9a-f]{20}$/)
    expect(tenant.findRepository('raw')).to.equal(undefined)
    expect(tenant.grantsOf({ kind: 'member', id: 'm_1', name: 'ada', groups: [], by: 'password' })).to.deep.equal([])
    expect((await people.tenancy.openById('o_unknown')).exists).to.equal(false)
  })

  it('forgets an organization with its removal, and takes a new one of the same name for another', async () => {
    const people = new People()
    const second = new People(people.store, people.clock)
    await people.register().create('acme')
    const before = await second.tenancy.open('acme')
    people.clock.advance(5_000)
    await second.tenancy.open('acme')
    await people.register().delete('acme')
    expect((await second.tenancy.open('acme')).exists).to.equal(false)
    expect((await second.tenancy.openById(before.organization.id)).exists).to.equal(false)
    await people.register().create('acme')
    const after = await second.tenancy.open('acme')
    expect(after.exists).to.equal(true)
    expect(after.organization.id).to.not.equal(before.organization.id)
  })

  it('finds the repository behind a host name, and none once it is gone', async () => {
    const people = new People()
    await people.register().create('acme')
    const administration = await people.administration('acme')
    const made = await administration.createRepository({ name: 'npm', format: 'npm', host: 'npm.acme.example' })
    const found = await people.tenancy.findHost('npm.acme.example')
    expect([found?.tenant.organization.name, found?.repository.id]).to.deep.equal(['acme', made.id])
    await administration.updateRepository('npm', { host: 'js.acme.example' })
    expect(await people.tenancy.findHost('npm.acme.example')).to.equal(undefined)
    expect((await people.tenancy.findHost('js.acme.example'))?.repository.id).to.equal(made.id)
    await administration.deleteRepository('npm')
    expect(await people.tenancy.findHost('js.acme.example')).to.equal(undefined)
  })

  it('raises all sixteen copies of the epoch with every change', async () => {
    const people = new People()
    const { id } = await people.register().create('acme')
    const copies = async () => {
      const values = await Promise.all(Array.from({ length: 16 }, (_, shard) => people.store.get(tenantKeys.access(id, shard))))
      return new Set(values.map((entry) => JSON.stringify(entry?.value)))
    }
    const directory = await people.directory('acme')
    const administration = await people.administration('acme')
    const seen = new Set<string>()
    const changes: (() => Promise<unknown>)[] = [
      async () => undefined,
      () => directory.createMember({ name: 'ada', role: 'reader' }),
      async () => directory.updateMember((await directory.findMemberByLogin('ada'))?.id ?? '', { role: 'admin' }),
      async () => directory.setPassword((await directory.findMemberByLogin('ada'))?.id ?? '', 'plum harbour 42'),
      () => directory.createGroup('builders'),
      async () => {
        const add = [(await directory.findMemberByLogin('ada'))?.id ?? '']
        return directory.changeGroupMembers((await directory.findGroupByName('builders'))?.id ?? '', { add })
      },
      () => administration.createRepository({ name: 'raw', format: 'raw' }),
      () => administration.updateRepository('raw', { public: true }),
      () => administration.setFormat('npm', false),
      async () => {
        const subject = { kind: 'group', id: (await directory.findGroupByName('builders'))?.id ?? '' } as const
        return administration.setGrant({ subject, repository: '*', level: 'read' })
      },
      () => administration.deleteRepository('raw'),
      () => people.register().update('acme', { publicAllowed: false }),
    ]
    for (const change of changes) {
      await change()
      const now = await copies()
      expect(now.size).to.equal(1)
      for (const value of now) seen.add(value)
    }
    expect(seen.size).to.equal(changes.length)
  })

  it('keeps unreadable rows away from everybody: newer ones are unavailable', async () => {
    const people = new People()
    const { id } = await people.register().create('acme')
    const key = tenantKeys.organization(id)
    await people.store.commit([{ op: 'put', key, value: { v: 2, name: 'acme' } }], 'newer')
    expect(await outcome(people.tenancy.open('acme'))).to.equal('unavailable')
    await people.store.commit([{ op: 'put', key, value: { v: 1, name: 'acme' } }], 'broken')
    expect(await outcome(people.tenancy.open('acme'))).to.equal('internal')
  })
})
