import { expect } from 'chai'
import { readLeaver } from '../../../core/directory/leaver-rows.js'
import { randomHex } from '../../../core/runtime/identifiers.js'
import type { Mutation } from '../../../core/storage/metadata-store.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { logRows } from '../../support/log-rows.js'
import { all, CountingStore, operator, outcome, People } from '../../support/people.js'

const hour = 3_600_000

/** Forgets to answer once a commit has written the row of a leaver: what a crash leaves. */
class CutStore extends CountingStore {
  cut = false
  private over = false
  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    if (this.over) throw new Error('the process is gone')
    await super.commit(mutations, token)
    this.over = this.cut && mutations.some(({ key }) => key.partition.endsWith('\0z'))
  }
  again(): void {
    this.cut = false
    this.over = false
  }
}

async function acme(store = new CutStore()) {
  const people = new People(store)
  const { id: org } = await people.register().create('acme')
  const directory = await people.directory('acme')
  await directory.createMember({ name: 'olga', role: 'owner' })
  const ada = await directory.createMember({ name: 'ada', role: 'developer', password: 'plum harbour 42' })
  const group = await directory.createGroup('builders', { members: [ada.id] })
  const administration = await people.administration('acme')
  await administration.setGrant({ subject: { kind: 'member', id: ada.id }, repository: '*', level: 'write' })
  const scopes = [{ kind: 'repository', repository: '*', level: 'read' }] as const
  const token = (await administration.issueToken(ada.id, { name: 'ci', scopes })).token
  await administration.issueToken(ada.id, { name: 'other', scopes })
  // As the session, the reset and the uploads of others are written.
  const now = people.clock.now().getTime()
  const put = (key: Mutation['key'], value: object): Mutation => ({ op: 'put', key, value: value as never })
  const session = { v: 1, member: ada.id, createdAt: now, until: now + hour }
  const intent = { v: 1, blob: 'b', repo: 'r', by: ada.id, node: '1', at: now, expires: now + hour }
  await store.commit(
    [
      put(tenantKeys.secret(org, 'h5', 'session'), session),
      put(
        { partition: tenantKeys.memberRows(org, ada.id), path: ['session', 'h5'] },
        { v: 1, createdAt: now, until: now + hour },
      ),
      put({ partition: tenantKeys.memberRows(org, ada.id), path: ['session', 'h6'] }, { v: 1, createdAt: 1, until: 2 }),
      put(tenantKeys.secret(org, 'h7', 'reset'), { v: 1, member: ada.id, until: now + hour }),
      put(tenantKeys.memberReset(org, ada.id, 'h7'), { v: 1, until: now + hour }),
      put(tenantKeys.intent(org, 'up_1'), intent),
      put(tenantKeys.uploadPiece(org, 'up_1', 0), intent),
      put(tenantKeys.intent(org, 'up_2'), { ...intent, by: 'm_somebody' }),
      put(tenantKeys.intent(org, 'up_3'), { ...intent, expires: 1 }),
    ],
    randomHex(),
  )
  return { people, org, store, directory, administration, ada, group, token, scopes }
}

const counts = { tokens: 2, sessions: 1, resets: 1, uploads: 1, groups: 1, grants: 1 }

describe('a member who leaves', () => {
  for (const how of ['deactivated', 'deleted'] as const) {
    it(`is written down in the commit in which it is ${how}, with what ended by it, how long it took, and by whom`, async () => {
      const { people, org, store, directory, ada } = await acme()
      const before = await logRows(store, org)
      people.clock.advance(1_000)
      if (how === 'deleted') await directory.deleteMember(ada.id)
      else await directory.updateMember(ada.id, { status: 'inactive' })
      const [row, ...more] = await all(store.range(tenantKeys.leavers(org), {}))
      expect(more).to.deep.equal([])
      if (row === undefined) throw new Error('there is no row')
      const leaver = readLeaver(row)
      expect(leaver).to.deep.equal({
        id: row.key.path[0],
        member: ada.id,
        kind: 'member',
        how,
        at: people.clock.now(),
        by: operator,
        request: 'req_1',
        counts,
        effectiveMs: 0,
        clearedMs: 0,
      })
      const rows = (await logRows(store, org)).slice(before.length)
      const left = rows.find(({ action, effects }) => String(action).startsWith('member.') && effects !== undefined)
      expect(left).to.deep.include({
        action: how === 'deleted' ? 'member.delete' : 'member.deactivate',
        effects: counts,
        request: 'req_1',
      })
      expect(left?.['target']).to.deep.equal({ kind: 'member', id: ada.id })
    })
  }

  it('has no secret left that works, and none that lies about', async () => {
    const { people, org, store, directory, ada, token } = await acme()
    const bearer = await people.bearer('acme', token)
    await directory.updateMember(ada.id, { status: 'inactive' })
    expect(await outcome(people.bearer('acme', token))).to.equal('unauthenticated')
    expect(await outcome(people.authenticator.refresh(await people.tenancy.open('acme'), bearer))).to.equal('unauthenticated')
    const kinds = (await all(store.range(tenantKeys.memberRows(org, ada.id), {}))).map(({ key }) => key.path[0])
    expect(kinds).to.deep.equal(['epoch', 'epoch', 'member', 'password'])
    for (const [hash, kind] of [
      ['h5', 'session'],
      ['h7', 'reset'],
    ] as const)
      expect(await store.get(tenantKeys.secret(org, hash, kind))).to.equal(undefined)
  })

  it('keeps groups and grants without effect, and has them again on return; no token and no session comes back', async () => {
    const { people, directory, administration, ada, group, token, scopes } = await acme()
    await directory.updateMember(ada.id, { status: 'inactive' })
    expect(await all(directory.groupMembers(group.id))).to.deep.equal([ada.id])
    expect((await all(administration.listGrants())).map(({ subject }) => subject.id)).to.deep.equal([ada.id])
    await directory.updateMember(ada.id, { status: 'active' })
    expect(await outcome(people.bearer('acme', token))).to.equal('unauthenticated')
    const fresh = await administration.issueToken(ada.id, { name: 'new', scopes })
    const principal = await people.bearer('acme', fresh.token)
    expect(principal).to.deep.include({ id: ada.id, groups: [group.id], role: 'developer' })
    expect((await people.tenancy.open('acme')).grantsOf(principal)).to.have.length(1)
  })

  it('has lost everything also where the process died right after the commit, and finds nothing alive on return', async () => {
    const { people, org, store, directory, ada, token } = await acme()
    store.cut = true
    const died = directory.updateMember(ada.id, { status: 'inactive' }).then(
      () => false,
      () => true,
    )
    expect(await died).to.equal(true)
    store.again()
    const next = new People(store, people.clock)
    expect(await outcome(next.bearer('acme', token))).to.equal('unauthenticated')
    const [row] = await all(store.range(tenantKeys.leavers(org), {}))
    expect(row && readLeaver(row).effectiveMs).to.equal(undefined)
    expect(row && readLeaver(row).counts).to.deep.equal(counts)
    const again = await next.directory('acme')
    await again.updateMember(ada.id, { status: 'active' })
    expect(await outcome(next.bearer('acme', token))).to.equal('unauthenticated')
    expect(await store.get(tenantKeys.secret(org, 'h5', 'session'))).to.equal(undefined)
    expect(await store.get(tenantKeys.secret(org, 'h7', 'reset'))).to.equal(undefined)
  })

  it('is written down once for each time, and not where nothing changed or the last owner stays', async () => {
    const { org, store, directory, ada } = await acme()
    const leavers = async () => (await all(store.range(tenantKeys.leavers(org), {}))).length
    const olga = await directory.findMemberByLogin('olga')
    expect(await outcome(directory.updateMember(olga?.id ?? '', { status: 'inactive' }))).to.equal('conflict')
    expect(await leavers()).to.equal(0)
    await directory.updateMember(ada.id, { status: 'inactive' })
    await directory.updateMember(ada.id, { status: 'inactive' })
    await directory.updateMember(ada.id, { displayName: 'Ada' })
    expect(await leavers()).to.equal(1)
    await directory.updateMember(ada.id, { status: 'active' })
    await directory.updateMember(ada.id, { status: 'inactive', displayName: null })
    await directory.deleteMember(ada.id)
    expect(await leavers()).to.equal(3)
  })
})
