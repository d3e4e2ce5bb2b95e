import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import scim from '../../../plugins/scim/index.js'
import { Browser } from '../../support/browser.js'
import { type House, openHouse } from '../../support/house.js'
import { instanceOf, operatorOf, type Thing } from '../../support/management.js'
import { until } from '../../support/worker-processes.js'

type Act = readonly [expected: string, kind: string, act: () => Promise<unknown>]

/** Identity and rights, act by act: each writes its row in its own commit, with who, what, by which request and whence. */
describe('acts that the audit log knows', () => {
  let house: House
  before(async () => {
    house = await openHouse({ plugins: [raw, api, scim], repositories: [{ name: 'files', format: 'raw' }], idle: true })
  })
  after(() => house.close())

  it('have each a row of their own, by whoever did it, from an address, in a request, and no secret', async () => {
    const operator = operatorOf(house)
    const browser = new Browser(house)
    const done = (method: string, path: string, body?: unknown) => operator.done(method, path, body)
    const secrets: string[] = []
    await house.call('GET', '/acme/files/', { as: 'dora' })
    let token: Thing = {}
    const acts: readonly Act[] = [
      ['member.create', 'member', () => done('POST', 'members', { name: 'ada', role: 'reader', password: 'plum harbour 42' })],
      ['member.update', 'member', () => done('PATCH', 'members/ada', { role: 'developer' })],
      ['password.set', 'member', () => done('PUT', 'members/ada/password', { password: 'quince orchard 7' })],
      ['group.create', 'group', () => done('POST', 'groups', { name: 'builders' })],
      ['group.update', 'group', () => done('PUT', 'groups/builders/members/ada')],
      ['grant.set', 'group', () => done('PUT', 'grants', { subject: 'builders', repository: 'files', level: 'read' })],
      ['grant.remove', 'group', () => done('DELETE', 'grants?subject=builders&repository=files')],
      ['group.delete', 'group', () => done('DELETE', 'groups/builders')],
      [
        'token.issue',
        'token',
        async () => {
          token = await done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['repo:*:write'] })
          secrets.push(String(token['token']))
        },
      ],
      [
        'raw.changed',
        'repository',
        () =>
          house.call('PUT', '/acme/files/a', { as: 'nobody', headers: { authorization: `Bearer ${token['token']}` }, body: 'a' }),
      ],
      ['token.revoke', 'token', () => done('DELETE', `tokens/${String(token['id'])}`)],
      ['repository.create', 'repository', () => done('POST', 'repositories', { name: 'more', format: 'raw' })],
      ['repository.update', 'repository', () => done('PATCH', 'repositories/more', { public: true })],
      ['repository.delete', 'repository', () => done('DELETE', 'repositories/more')],
      ['repository.restore', 'repository', () => done('POST', 'deleted-repositories/more/restore', {})],
      ['format.disable', 'format', () => done('PUT', 'formats/raw', { enabled: false })],
      ['format.enable', 'format', () => done('PUT', 'formats/raw', { enabled: true })],
      ['organization.update', 'organization', () => instanceOf(house).done('PATCH', 'organizations/acme', { undoDays: 7 })],
      ['session.begin', 'member', () => browser.signIn('ada', 'quince orchard 7')],
      ['session.step-up', 'member', () => browser.call('POST', 'session/step-up', { body: { password: 'quince orchard 7' } })],
      ['session.end', 'session', () => browser.call('DELETE', 'session')],
      ['member.export', 'member', () => operator.send('GET', 'members/ada/data')],
      ['audit.export', 'organization', () => operator.send('GET', 'audit/export')],
      ['member.erasure-request', 'member', () => done('POST', 'erasures', { member: 'ada' })],
      ['organization.hold', 'organization', () => done('PUT', 'legal-hold', { reason: 'Case 4' })],
      ['organization.hold-lift', 'organization', () => done('DELETE', 'legal-hold')],
      ['member.deactivate', 'member', () => done('PATCH', 'members/ada', { status: 'inactive' })],
      ['member.activate', 'member', () => done('PATCH', 'members/ada', { status: 'active' })],
      ['member.delete', 'member', () => done('DELETE', 'members/ada')],
    ]
    const missing: string[] = []
    for (const [expected, kind, act] of acts) {
      const before = (await operator.done('GET', 'audit/head'))['head'] as { seq: number }
      await act()
      const rows = await operator.items(`audit?limit=50&action=${expected}`)
      const row = rows.find(({ seq }) => Number(seq) > before.seq)
      const { target, actor, source, request } = (row ?? {}) as Record<string, Thing | undefined>
      const whole = target?.['kind'] === kind && actor?.['id'] !== undefined && source?.['ip'] === '127.0.0.1' && request
      if (!whole) missing.push(`${expected}: ${JSON.stringify(row)}`)
    }
    expect(missing).to.deep.equal([])
    const text = JSON.stringify(await operator.items('audit?limit=1000'))
    for (const secret of ['plum harbour', 'quince orchard', browser.csrf, ...secrets]) expect(text).to.not.include(secret)
    const uses = await until(
      () => operator.items('audit?action=token.first-use'),
      (found) => found.length > 0,
    )
    const dora = (await operator.done('GET', 'members/dora'))['id']
    expect(uses[0]?.['actor']).to.deep.include({ kind: 'member', id: dora })
    expect((await operator.done('GET', 'audit/verify'))['fault']).to.equal(null)
  }).timeout(120_000)
})
