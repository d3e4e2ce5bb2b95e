import { expect } from 'chai'
import type { Principal } from '../../../core/auth/principal.js'
import type { Member } from '../../../core/directory/directory.js'
import { all, outcome, People, refusal } from '../../support/people.js'

const minute = 60_000
const provider = (connection: string): Principal => ({ kind: 'scim', id: `tok_${connection}`, connection })

/** An organization with an owner and so many others, all of them active. */
async function acme(users: number) {
  const people = new People()
  await people.register().create('acme')
  const owner = await people.directory('acme')
  await owner.createMember({ name: 'olga', role: 'owner' })
  const others: Member[] = []
  for (let at = 1; at < users; at += 1) others.push(await owner.createMember({ name: `user-${at}` }))
  const administration = () => people.administration('acme')
  const leave = async (member: Member | undefined, connection = 'okta') =>
    (await people.directory('acme', provider(connection))).updateMember(member?.id ?? '', { status: 'inactive' })
  const remove = async (member: Member | undefined) =>
    (await people.directory('acme', provider('okta'))).deleteMember(member?.id ?? '')
  const holds = async () => all((await administration()).leaverHolds.list())
  const seen = async () => (await holds()).map(({ leavers, users, held, confirmedAt }) => [leavers, users, held, confirmedAt])
  return { people, owner, others, administration, leave, remove, holds, seen }
}

describe('the brake on identity providers', () => {
  it('stops one that takes the access of more than a fifth within an hour, until somebody confirms it', async () => {
    const { people, owner, others, administration, leave, remove, seen } = await acme(110)
    await (await administration()).setSignInRules({ holdLeavers: true })
    for (const member of others.slice(0, 11)) await leave(member)
    people.clock.advance(50 * minute)
    for (const member of others.slice(11, 22)) await remove(member)
    expect(await seen()).to.deep.equal([])
    const stopped = await refusal(leave(others[22]))
    expect([stopped.kind, stopped.retryAfter, stopped.message]).to.deep.equal([
      'throttled',
      900,
      'okta takes the access of 23 of 110 active users within an hour: the rest waits until an owner of the organization confirms it',
    ])
    expect(await seen()).to.deep.equal([[23, 110, true, undefined]])
    expect((await owner.findMember(others[22]?.id ?? ''))?.status).to.equal('active')
    // Days do not confirm it; everything else goes on, deletes of whoever had left before too.
    people.clock.advance(3 * 24 * 60 * minute)
    expect(await outcome(leave(others[22]))).to.equal('throttled')
    expect(await outcome(remove(others[22]))).to.equal('throttled')
    expect(await outcome(remove(others[0]))).to.equal('fine')
    expect(await outcome(owner.updateMember(others[23]?.id ?? '', { status: 'inactive' }))).to.equal('fine')
    expect(await outcome(leave(others[24], 'entra'))).to.equal('fine')

    await (await administration()).leaverHolds.confirm('okta')
    const confirmedAt = people.clock.now()
    expect(await seen()).to.deep.equal([[23, 110, true, confirmedAt]])
    for (const member of others.slice(25, 70)) await leave(member)
    // Nothing of that hour is counted later.
    people.clock.advance(61 * minute)
    for (const member of others.slice(70, 89)) await leave(member)
    expect(await outcome(leave(others[89]))).to.equal('throttled')
    expect((await seen())[0]?.slice(0, 3)).to.deep.equal([20, 41, true])
    expect(await outcome((await administration()).leaverHolds.confirm('entra'))).to.equal('not-found')
    expect(await outcome((await administration()).leaverHolds.confirm('a\0b'))).to.equal('not-found')
  })

  it('lets it go on where the organization does not say so, and tells of it once an hour', async () => {
    const { people, others, leave, holds } = await acme(60)
    for (const member of others.slice(0, 30)) await leave(member)
    const [first, ...more] = await holds()
    expect(first).to.deep.equal({ connection: 'okta', at: people.clock.now(), leavers: 20, users: 60, held: false })
    expect(more).to.deep.equal([])
    people.clock.advance(61 * minute)
    for (const member of others.slice(30, 49)) await leave(member)
    expect(await holds()).to.deep.equal([first])
    await leave(others[49])
    expect((await holds()).map(({ leavers, users }) => [leavers, users])).to.deep.equal([[20, 30]])
  })

  it('takes nineteen for nothing unusual, as it does a fifth, and twenty that leave over many hours', async () => {
    const { people, others, administration, leave, seen } = await acme(101)
    await (await administration()).setSignInRules({ holdLeavers: true })
    for (const member of others.slice(0, 20)) await leave(member)
    for (let left = 20; left < 50; left += 10) {
      people.clock.advance(61 * minute)
      for (const member of others.slice(left, left + 10)) await leave(member)
    }
    people.clock.advance(61 * minute)
    for (const member of others.slice(50, 69)) await leave(member)
    expect(await seen()).to.deep.equal([])
    expect(await outcome(leave(others[69]))).to.equal('throttled')
  })

  it('does not read a large organization for each who leaves, and stops the first one too many all the same', async () => {
    const { people, others, administration, leave, seen } = await acme(1_000)
    await (await administration()).setSignInRules({ holdLeavers: true })
    const costs: number[] = []
    for (const member of others.slice(0, 200)) {
      const before = people.store.ranges
      await leave(member)
      costs.push(people.store.ranges - before)
    }
    const [usual = 0] = costs.slice(21)
    const counted = costs.slice(21).filter((cost) => cost > usual).length
    expect(counted).to.be.within(16, 60)
    expect(await outcome(leave(others[200]))).to.equal('throttled')
    expect((await seen())[0]?.slice(0, 3)).to.deep.equal([201, 1_000, true])
  }).timeout(60_000)

  it('is loosened by owners alone', async () => {
    const { people } = await acme(2)
    const admin: Principal = { kind: 'member', id: 'm_x', name: 'x', role: 'admin', groups: [], by: 'session' }
    const { leaverHolds } = await people.administration('acme', admin)
    expect(await outcome(leaverHolds.confirm('okta'))).to.equal('forbidden')
    expect(await outcome(all(leaverHolds.list()))).to.equal('forbidden')
  })
})
