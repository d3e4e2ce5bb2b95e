import { expect } from 'chai'
import { ChainCheck } from '#core'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { Browser } from '../../support/browser.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, memberOf, operatorOf, type Thing } from '../../support/management.js'
import { until } from '../../support/worker-processes.js'

/** No two acts are of one millisecond, within which rows have no order. */
class EverLater extends FixedClock {
  override now(): Date {
    this.jump(1)
    return super.now()
  }
}

describe('the audit log by the management interface', () => {
  let house: House
  beforeEach(async () => {
    const repositories = [{ name: 'files', format: 'raw' }]
    house = await openHouse({ plugins: [raw, api], repositories, idle: true, clock: new EverLater() })
  })
  afterEach(() => house.close())

  const entries = async (query = '') => await operatorOf(house).items(`audit${query}`)
  const idOf = async (name: string) => (await operatorOf(house).done('GET', `members/${name}`))['id'] as string

  it('shows what was committed just now: who, what, by which request, whence, and no secret', async () => {
    const done = await house.call('POST', '/acme/-/api/v1/members', {
      as: 'nobody',
      headers: {
        authorization: `Bearer ${house.operatorToken()}`,
        'content-type': 'application/json',
        'user-agent': 'probe/1.0 (test)',
      },
      body: JSON.stringify({ name: 'ada', email: 'ada@acme.example', password: 'plum harbour 42' }),
    })
    expect(done.status).to.equal(201)
    const { id } = done.json() as { id: string }
    const [row] = await entries('?limit=1')
    expect(row).to.deep.equal({
      seq: row?.['seq'],
      time: row?.['time'],
      actor: { kind: 'operator', id: (row?.['actor'] as Thing | undefined)?.['id'] },
      action: 'member.create',
      target: { kind: 'member', id },
      result: 'ok',
      reason: null,
      methods: [],
      changes: ['name', 'email', 'password'],
      omitted: 0,
      effects: {},
      count: 1,
      request: done.headers['x-request-id'],
      source: { ip: '127.0.0.1', agent: 'probe/1.0 (test)' },
      hash: row?.['hash'],
    })
    expect(row?.['hash']).to.match(/^sha256:[0-9a-f]{64}$/)
    const whole = JSON.stringify(await entries('?limit=1000'))
    for (const secret of ['plum harbour', 'ada@acme.example', house.token('olga'), house.token('dora')])
      expect(whole).to.not.include(secret)
  })

  it('has a row for each upload, with its path and whence it came', async () => {
    expect((await house.call('PUT', '/acme/files/a/b.txt', { body: 'b', headers: { 'user-agent': 'curl/8' } })).status).to.equal(
      201,
    )
    const [row] = await entries('?limit=1')
    expect(row).to.deep.include({ action: 'raw.changed', source: { ip: '127.0.0.1', agent: 'curl/8' } })
    expect(row?.['changes']).to.include('put a/b.txt')
    expect(row?.['actor']).to.deep.equal({ kind: 'member', id: await idOf('dora'), credential: credentialOf(row) })
    expect(credentialOf(row)).to.match(/^tok_[a-z0-9]{20}$/)
  })

  it('is filtered by time, actor, act, target and result, by name or id, page by page', async () => {
    const operator = operatorOf(house)
    await operator.done('POST', 'members', { name: 'ada' })
    await operator.done('PATCH', 'members/ada', { displayName: 'Ada' })
    await operator.done('POST', 'groups', { name: 'builders' })
    await operator.done('PUT', 'groups/builders/members/ada')
    await house.call('PUT', '/acme/files/a.txt', { body: 'a' })
    const actions = async (query: string) => (await entries(query)).map(({ action }) => action)
    expect(await actions('?target=ada')).to.deep.equal(['member.update', 'member.create'])
    expect(await actions(`?target=${await idOf('ada')}&action=member.create`)).to.deep.equal(['member.create'])
    expect(await actions('?action=group')).to.deep.equal(['group.update', 'group.create'])
    expect(await actions('?action=grou')).to.deep.equal([])
    expect(await actions('?target=files&action=raw')).to.deep.equal(['raw.changed'])
    expect(await actions('?actor=dora')).to.deep.equal(['raw.changed'])
    expect(await actions('?actor=DORA@nowhere.example')).to.deep.equal([])
    expect(await actions('?result=refused')).to.deep.equal([])
    const all = await entries('?limit=1000')
    const middle = all[2]?.['time'] as string
    expect((await entries(`?limit=1000&from=${middle}`)).length).to.be.within(3, all.length)
    expect((await entries('?to=2020-01-01T00:00:00Z')).length).to.equal(0)
    const paged: Thing[] = []
    let cursor = ''
    do {
      const page = await operator.done('GET', `audit?limit=3${cursor}`)
      paged.push(...(page['items'] as Thing[]))
      cursor = page['next'] === null ? '' : `&cursor=${String(page['next'])}`
    } while (cursor !== '')
    expect(paged.map(({ seq }) => seq)).to.deep.equal(all.map(({ seq }) => seq))
  })

  it('is exported as JSON lines that prove themselves, from the beginning or behind a row, and says so in itself', async () => {
    await operatorOf(house).done('POST', 'members', { name: 'ada' })
    const answer = await operatorOf(house).send('GET', 'audit/export')
    expect([answer.status, answer.headers['content-type'], answer.headers['content-length']]).to.deep.equal([
      200,
      'application/x-ndjson',
      undefined,
    ])
    const lines = answer.text().trimEnd().split('\n')
    const check = new ChainCheck()
    for (const line of lines) check.take(JSON.parse(line))
    const { fault, rows, end } = check.verdict()
    expect({ fault, rows }).to.deep.equal({ fault: undefined, rows: lines.length - 2 })
    expect(JSON.parse(lines.at(-2) ?? '')).to.include({ action: 'audit.export', seq: end.seq })
    const head = await operatorOf(house).done('GET', 'audit/head')
    expect(head).to.deep.equal({ organization: 'acme', head: end, anchor: { seq: 0, hash: `sha256:${'0'.repeat(64)}` } })
    const more = (await operatorOf(house).send('GET', `audit/export?after=${end.seq}`)).text().trimEnd().split('\n')
    const again = new ChainCheck([end])
    for (const line of more) again.take(JSON.parse(line))
    expect(again.verdict()).to.deep.include({
      rows: 1,
      begin: { ...end, org: JSON.parse(lines[0] ?? '').begin.org },
    })
    expectRefusal(await operatorOf(house).send('GET', 'audit/export?after=9999'), 404, 'not-found', 'audit row not found: 9999')
    expect((await operatorOf(house).send('GET', 'audit/export?after=-1')).status).to.equal(400)
    const verdict = await operatorOf(house).done('GET', 'audit/verify')
    expect(verdict).to.deep.include({ organization: 'acme', fault: null, rows: end.seq + 1 })
  })

  it('has a row for credentials that were refused, whatever the channel, and none for a request without them', async () => {
    const basic = (login: string, password: string) => `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
    const wrongToken = `crt_u_${'0'.repeat(46)}`
    const ask = async (organization: string, authorization?: string) => {
      const headers = { 'user-agent': 'pip/24', ...(authorization === undefined ? {} : { authorization }) }
      return (await house.call('GET', `/${organization}/files/a.txt`, { as: 'nobody', headers })).status
    }
    expect(await ask('acme', basic('dora', 'plum harbour 43'))).to.equal(401)
    expect(await ask('acme', basic('plum harbour 42', 'x'))).to.equal(401)
    expect(await ask('acme', `Bearer ${house.token('bert')}`)).to.equal(401)
    expect(await ask('acme', `Bearer ${wrongToken}`)).to.equal(401)
    expect(await ask('nowhere', basic('dora', 'plum harbour 43'))).to.equal(401)
    expect(await ask('acme')).to.equal(401)
    const session = await new Browser(house).signIn('dora', 'plum harbour 43')
    expect(session.status).to.equal(401)
    const rows = await until(
      () => entries('?action=login.failed'),
      (found) => found.length >= 5,
    )
    const told = rows.map(({ actor, result, methods, target, source }) => ({ actor, result, methods, target, source }))
    expect(rows.filter(({ reason }) => reason === 'unknown').map(({ methods }) => methods)).to.deep.equal([['token']])
    const actor = { kind: 'anonymous', id: 'anonymous' }
    const row = (method: string, target: Thing | null, agent: string | null = 'pip/24') => ({
      ...{ actor, result: 'refused', methods: [method], target },
      source: { ip: '127.0.0.1', agent },
    })
    const unknown = told.find(({ target }) => (target as Thing | null)?.['kind'] === 'login')?.target as Thing
    expect(unknown['id']).to.match(/^[0-9a-f]{16}$/)
    expect(told).to.have.deep.members([
      row('password', { kind: 'member', id: await idOf('dora') }),
      row('password', unknown),
      row('token', { kind: 'token', id: `…${house.token('bert').slice(-4)}` }),
      row('token', null),
      row('password', null, null),
    ])
    expect(JSON.stringify(await entries('?limit=1000'))).to.not.match(/plum harbour|crt_/)
  })

  it('says why a token was refused, which its bearer does not learn', async () => {
    const body = { member: 'dora', name: 'ci', scopes: ['repo:*:read'], cidr: ['203.0.113.0/24'] }
    const token = String((await operatorOf(house).done('POST', 'tokens', body))['token'])
    const ask = (one: string) =>
      house.call('GET', '/acme/files/a.txt', { as: 'nobody', headers: { authorization: `Bearer ${one}` } })
    const [elsewhere, unknown] = [await ask(token), await ask(house.token('bert'))]
    expect([elsewhere.status, elsewhere.text()]).to.deep.equal([401, unknown.text()])
    const rows = await until(
      () => entries('?action=login.failed'),
      (found) => found.length === 2,
    )
    const target = { kind: 'token', id: `…${token.slice(-4)}` }
    expect(rows.find(({ reason }) => reason === 'address')).to.deep.include({ methods: ['token'], target })
  })

  it('is found to be changed by whoever verifies, where somebody writes into the store', async () => {
    await operatorOf(house).done('POST', 'members', { name: 'ada' })
    await operatorOf(house).done('GET', 'audit/head')
    for await (const { entry } of house.parts.metadata.scan()) {
      const { record } = entry.value as { record?: Thing }
      if (entry.key.partition.split('\0')[1] !== 'c' || record?.['action'] !== 'member.create') continue
      const value = { ...(entry.value as object), record: { ...record, actor: { kind: 'member', id: 'm_somebody' } } }
      await house.parts.metadata.commit([{ op: 'put', key: entry.key, value: value as never }], 'forged')
      break
    }
    const { fault } = (await operatorOf(house).done('GET', 'audit/verify')) as { fault: Thing }
    expect(fault).to.include({ kind: 'changed' })
  })

  it('is for owners, admins and service accounts with the scope audit:read, of this organization', async () => {
    for (const path of ['audit', 'audit/head', 'audit/verify', 'audit/export']) {
      for (const somebody of ['dora', 'rita', 'gus'] as const)
        expectForbidden(await memberOf(house, somebody).send('GET', path), 'audit.read')
      expect((await memberOf(house, 'bert').send('GET', path)).status).to.equal(401)
    }
    await operatorOf(house).done('POST', 'members', { name: 'auditor', kind: 'service' })
    const scoped = async (...scopes: string[]) =>
      (await operatorOf(house).done('POST', 'tokens', { member: 'auditor', name: 'siem', scopes }))['token'] as string
    const ask = async (token: string) =>
      (await house.call('GET', '/acme/-/api/v1/audit/export', { as: 'nobody', headers: { authorization: `Bearer ${token}` } }))
        .status
    expect(await ask(await scoped('audit:read'))).to.equal(200)
    expect(await ask(await scoped('org:read'))).to.equal(403)
    const seen = await memberOf(house, 'bert', 'beta').send('GET', 'audit')
    expect(seen.status).to.equal(403)
  })
})

function credentialOf(row: Thing | undefined): unknown {
  const { credential } = (row?.['actor'] ?? {}) as { readonly credential?: string }
  return credential
}
