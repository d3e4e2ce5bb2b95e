import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import scim from '../../../plugins/scim/index.js'
import { expectRefusal } from '../../support/management.js'
import { expectScimError, Provider, type Resource, urn } from '../../support/scim.js'
import { AccountHouse } from '../api/accounts/account-house.js'

const waits =
  'okta takes the access of 20 of 34 active users within an hour: the rest waits until an owner of the organization confirms it'

describe('many users who leave at once', () => {
  let accounts: AccountHouse
  let okta: Provider
  let users: readonly Resource[]
  beforeEach(async () => {
    accounts = await AccountHouse.open({ plugins: [raw, api, scim] })
    okta = await Provider.of(accounts.house)
    const made: Resource[] = []
    for (let at = 0; at < 30; at += 1) made.push(await okta.user(`user-${at}`))
    users = made
    await accounts.operator.done('PATCH', 'members/olga', { email: 'olga@acme.example', emailVerified: true })
    await accounts.operator.done('POST', 'members', { name: 'oscar', role: 'owner', email: 'oscar@acme.example' })
    await accounts.operator.done('PATCH', 'members/oscar', { status: 'inactive' })
  })
  afterEach(() => accounts.close())

  const leave = (user: Resource | undefined) =>
    okta.patch(`/Users/${user?.id}`, { op: 'Replace', path: 'active', value: 'False' })
  const leaveAll = async (some: readonly Resource[]) => {
    for (const user of some) expect((await leave(user)).status).to.equal(200)
  }

  it('are told to the owners, and go on', async () => {
    await leaveAll(users)
    const letters = await accounts.mail()
    expect(letters.map(({ to, subject }) => [to, subject])).to.deep.equal([
      ['olga@acme.example', 'okta takes the access of many in acme'],
    ])
    expect(letters[0]?.text).to.equal(
      [
        'The identity provider okta has taken the access of 20 of 34 active users of acme within an hour, or means to, at 2026-01-31 12:00 UTC.',
        'Nothing was stopped. An organization with holdLeavers=true has the rest wait until an owner confirms it.',
        'Who left is told by: cloudrepo report leavers acme. If it is a mistake, revoke the token of the identity provider first: cloudrepo token list acme --scim\n',
      ].join('\n\n'),
    )
    expect(await accounts.operator.items('leaver-holds')).to.deep.equal([
      { connection: 'okta', at: '2026-01-31T12:00:00.000Z', leavers: 20, users: 34, held: false, confirmedAt: null },
    ])
    expectRefusal(
      await accounts.operator.send('POST', 'leaver-holds/okta/confirm'),
      404,
      'not-found',
      'held identity provider not found: okta',
    )
  })

  it('wait for an owner where the organization says so, in a bulk as one by one, and go on once it is confirmed', async () => {
    await accounts.operator.done('PATCH', 'organization', { holdLeavers: true })
    await leaveAll(users.slice(0, 19))
    const stopped = await leave(users[19])
    expectScimError(stopped, 429, waits)
    expect(stopped.headers['retry-after']).to.equal('900')
    expectScimError(await okta.send('DELETE', `/Users/${users[20]?.id}`), 429, waits)
    const operations = [
      { method: 'DELETE', path: `/Users/${users[21]?.id}` },
      {
        method: 'PATCH',
        path: `/Users/${users[0]?.id}`,
        data: { schemas: [urn.patch], Operations: [{ op: 'add', path: 'title', value: 'x' }] },
      },
    ]
    const bulk = await okta.done<{ Operations: { status: string }[] }>(200, 'POST', '/Bulk', {
      schemas: [urn.bulk],
      Operations: operations,
    })
    expect(bulk.Operations.map(({ status }) => status)).to.deep.equal(['429', '200'])
    expect(await okta.names('active eq false and userName sw "user-"')).to.have.length(19)
    const letters = await accounts.mail()
    expect(letters.map(({ to }) => to)).to.deep.equal(['olga@acme.example'])
    expect(letters[0]?.text).to.include('\n  cloudrepo member confirm-leavers acme okta\n')

    accounts.clock.advance(1)
    await accounts.operator.done('POST', 'leaver-holds/okta/confirm')
    await leaveAll(users.slice(19))
    const log = (await accounts.operator.items('audit?action=scim')).map(({ action, actor, target, effects }) => [
      action,
      (actor as { id: string }).id,
      (target as { id: string }).id,
      effects,
    ])
    expect(log.map(([action, , target, effects]) => [action, target, effects])).to.deep.equal([
      ['scim.leavers-confirmed', 'okta', {}],
      ['scim.many-leavers', 'okta', { leavers: 20, users: 34 }],
    ])
    expect(log[1]?.[1]).to.equal('okta')
  })

  it('are known in the log by the name of the identity provider, whatever became of its token', async () => {
    accounts.clock.advance(1)
    await leave(users[0])
    const [token] = await accounts.operator.items('scim-tokens')
    await accounts.operator.done('DELETE', `scim-tokens/${token?.['id']}`)
    for (const actor of ['okta', String(token?.['id'])]) {
      const rows = await accounts.operator.items(`audit?action=member.deactivate&actor=${actor}`)
      expect(rows.map(({ actor }) => actor)).to.deep.equal([{ kind: 'scim', id: 'okta', credential: token?.['id'] }])
    }
    const [leaver] = await accounts.operator.items('reports/leavers')
    expect(leaver?.['by']).to.deep.equal({ kind: 'scim', id: 'okta', credential: token?.['id'] })
  })
})
