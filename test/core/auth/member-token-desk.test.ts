import { expect } from 'chai'
import type { Role } from '../../../core/auth/permission.js'
import type { Principal, Scope } from '../../../core/auth/principal.js'
import { all, outcome, People } from '../../support/people.js'

async function house(role?: Role) {
  const people = new People()
  await people.register().create('acme')
  const directory = await people.directory('acme')
  const { id } = await directory.createMember({ name: 'ada', ...(role === undefined ? {} : { role }) })
  const ada: Principal = { kind: 'member', id, name: 'ada', groups: [], by: 'password', ...(role === undefined ? {} : { role }) }
  return { people, directory, ada, desk: await people.desk('acme', ada), administration: await people.administration('acme') }
}
const on = (repository: string, level: 'read' | 'write' | 'delete'): Scope => ({ kind: 'repository', repository, level })

describe('token desk', () => {
  it('issues for ninety days unless asked otherwise, and lists without the secret', async () => {
    const { people, desk } = await house('developer')
    const issued = await desk.issue({ name: 'laptop', scopes: [on('*', 'write')] })
    expect(issued.token).to.match(/^crt_u_[0-9A-Za-z]{46}$/)
    expect(issued.token.startsWith(issued.prefix)).to.equal(true)
    expect(issued.expiresAt).to.deep.equal(new Date(people.clock.now().getTime() + 90 * 86_400_000))
    expect(await all(desk.list())).to.deep.equal([
      {
        id: issued.id,
        name: 'laptop',
        prefix: issued.prefix,
        scopes: [on('*', 'write')],
        createdAt: people.clock.now(),
        expiresAt: issued.expiresAt,
      },
    ])
  })

  it('refuses requests that name nothing, too much, or nonsense', async () => {
    const { desk } = await house('developer')
    const scopes = [on('*', 'read')]
    for (const wrong of [
      { name: 'x', scopes: [] },
      { name: ' ', scopes },
      { name: 'x'.repeat(129), scopes },
      { name: 'x', scopes, expiresInDays: 0 },
      { name: 'x', scopes, expiresInDays: 366 },
      { name: 'x', scopes, expiresInDays: 1.5 },
      { name: 'x', scopes, cidr: ['10.0.0.1/33'] },
      { name: 'x', scopes, cidr: ['anywhere'] },
      { name: 'x', scopes, packages: [] },
      { name: 'x', scopes, packages: [''] },
    ]) {
      expect(await outcome(desk.issue(wrong)), JSON.stringify(wrong)).to.equal('invalid')
    }
    expect(await all(desk.list())).to.deep.equal([])
    expect(await outcome(desk.issue({ name: 'x', scopes, expiresInDays: 365 }))).to.equal('fine')
  })

  it('gives nothing above the rights of its owner', async () => {
    const { people, ada, administration } = await house('reader')
    const made = await administration.createRepository({ name: 'raw', format: 'raw' })
    const desk = await people.desk('acme', ada)
    expect(await outcome(desk.issue({ name: 'x', scopes: [on('*', 'read'), on(made.id, 'read')] }))).to.equal('fine')
    for (const scope of [on('*', 'write'), on(made.id, 'write'), on('r_unknown', 'read'), { kind: 'audit' } as const]) {
      expect(await outcome(desk.issue({ name: 'x', scopes: [on('*', 'read'), scope] })), JSON.stringify(scope)).to.equal(
        'forbidden',
      )
    }
  })

  it('lets a member without a role pass on what grants give', async () => {
    const { people, ada, administration } = await house('reader')
    const made = await administration.createRepository({ name: 'raw', format: 'raw' })
    const subject = { kind: 'member', id: ada.kind === 'member' ? ada.id : '' } as const
    await administration.setGrant({ subject, repository: made.id, level: 'write', path: 'a/b' })
    const desk = await people.desk('acme', ada)
    expect(await outcome(desk.issue({ name: 'x', scopes: [on(made.id, 'write')] }))).to.equal('fine')
    expect(await outcome(desk.issue({ name: 'x', scopes: [on('*', 'write')] }))).to.equal('fine')
    expect(await outcome(desk.issue({ name: 'x', scopes: [on(made.id, 'delete')] }))).to.equal('forbidden')
  })

  it('never lets a token make, list or revoke tokens, but always lets it revoke itself', async () => {
    const { people, desk } = await house('owner')
    const one = await desk.issue({ name: 'one', scopes: [on('*', 'read')] })
    const two = await desk.issue({ name: 'two', scopes: [on('*', 'read')] })
    const byToken = await people.desk('acme', await people.bearer('acme', one.token))
    expect(await outcome(byToken.issue({ name: 'x', scopes: [on('*', 'read')] }))).to.equal('forbidden')
    expect(await outcome(all(byToken.list()))).to.equal('forbidden')
    expect(await outcome(byToken.revoke(two.id))).to.equal('forbidden')
    expect(await outcome(byToken.revokeToken(two.token))).to.equal('not-found')
    expect(await outcome(byToken.revokeToken('crt_u_nonsense'))).to.equal('not-found')
    expect(await outcome(byToken.revokeToken(one.token))).to.equal('fine')
    expect(await outcome(people.bearer('acme', one.token))).to.equal('unauthenticated')
    expect(await outcome(people.bearer('acme', two.token))).to.equal('fine')
    const bySecond = await people.desk('acme', await people.bearer('acme', two.token))
    expect(await outcome(bySecond.revoke(two.id))).to.equal('fine')
    expect(await all(desk.list())).to.deep.equal([])
  })

  it('does not reach the tokens of others', async () => {
    const { people, directory, desk } = await house('owner')
    const { id } = await directory.createMember({ name: 'bob', role: 'owner' })
    const bob: Principal = { kind: 'member', id, name: 'bob', role: 'owner', groups: [], by: 'session' }
    const his = await (await people.desk('acme', bob)).issue({ name: 'his', scopes: [on('*', 'read')] })
    expect(await outcome(desk.revoke(his.id))).to.equal('not-found')
    expect(await outcome(desk.revokeToken(his.token))).to.equal('not-found')
    expect(await outcome(desk.revoke('../../etc'))).to.equal('not-found')
    expect(await outcome(people.bearer('acme', his.token))).to.equal('fine')
  })

  it('sweeps the expired ones when a new one is issued', async () => {
    const { people, desk } = await house('developer')
    for (const name of ['a', 'b']) await desk.issue({ name, scopes: [on('*', 'read')], expiresInDays: 1 })
    people.clock.advance(86_400_000)
    await desk.issue({ name: 'c', scopes: [on('*', 'read')] })
    expect((await all(desk.list())).map(({ name }) => name)).to.deep.equal(['c'])
    const rows: string[] = []
    for await (const { entry } of people.store.scan())
      if (entry.key.path[0] === 'token') rows.push(entry.key.partition.split('\0')[1] ?? '')
    expect(rows.sort()).to.deep.equal(['m', 't'])
  })
})
