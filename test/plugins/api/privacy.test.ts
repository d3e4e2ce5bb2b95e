import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { Browser } from '../../support/browser.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, instanceOf, memberOf, operatorOf, type Thing } from '../../support/management.js'

const hour = 3_600_000
const day = 24 * hour
const traces = ['ada@acme.example', 'Ada Lovelace', 'analytical-engine', 'ada-agent', '203.0.113.77']

describe('the data of a person', () => {
  let house: House
  let clock: FixedClock
  let ada: string
  let token: string
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [raw, api],
      repositories: [{ name: 'files', format: 'raw' }],
      idle: true,
      clock,
      behindProxy: true,
    })
    const made = { name: 'analytical-engine', email: 'ada@acme.example', displayName: 'Ada Lovelace', role: 'developer' }
    ada = (await operatorOf(house).done('POST', 'members', { ...made, password: 'plum harbour 42' }))['id'] as string
    const issued = await operatorOf(house).done('POST', 'tokens', { member: ada, name: 'ci', scopes: ['repo:*:delete'] })
    token = issued['token'] as string
    await upload('a.txt')
  })
  afterEach(() => house.close())

  const upload = async (path: string) => {
    const headers = { authorization: `Bearer ${token}`, 'user-agent': 'ada-agent/9', 'x-forwarded-for': '203.0.113.77' }
    const answer = await house.call('PUT', `/acme/files/${path}`, { as: 'nobody', headers, body: 'bytes' })
    expect(answer.status).to.equal(201)
  }
  const run = async () => (await house.kernel.chores.run('erasures')).status.last?.result
  const publishedBy = async () => (await operatorOf(house).done('GET', 'artifacts/files/file?path=a.txt'))['publishedBy']
  /** Words of the person in the rows of the store, and where they stand. */
  const left = async () => {
    const found: string[] = []
    for await (const { entry } of house.parts.metadata.scan()) {
      const text = JSON.stringify(entry)
      for (const trace of traces) if (text.includes(trace)) found.push(`${trace} in ${JSON.stringify(entry.key)}`)
    }
    return found
  }

  it('is told whole, as JSON lines, without a secret or the hash of one, and the log says to whom', async () => {
    const operator = operatorOf(house)
    const group = await operator.done('POST', 'groups', { name: 'builders' })
    await operator.done('PUT', `groups/builders/members/${ada}`)
    await operator.done('PUT', 'groups/builders/members/dora')
    await operator.done('PUT', 'grants', { subject: `member:${ada}`, repository: 'files', level: 'administer' })
    const answer = await operator.send('GET', 'members/ada@acme.example/data')
    expect([answer.status, answer.headers['content-type'], answer.headers['content-disposition']]).to.deep.equal([
      200,
      'application/x-ndjson',
      `attachment; filename="${ada}.jsonl"`,
    ])
    const lines = answer
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Thing)
    const at = clock.now().toISOString()
    const profile = { kind: 'profile', id: ada, name: 'analytical-engine', type: 'member', status: 'active' }
    expect(lines.slice(0, 3)).to.deep.equal([
      { kind: 'export', organization: 'acme', member: ada },
      {
        ...profile,
        email: 'ada@acme.example',
        displayName: 'Ada Lovelace',
        role: 'developer',
        createdAt: at,
        changedAt: at,
      },
      { kind: 'group', id: group['id'], name: 'builders' },
    ])
    const kinds = lines.map(({ kind }) => kind)
    expect([...new Set(kinds)]).to.deep.equal(['export', 'profile', 'group', 'grant', 'password', 'token', 'audit', 'end'])
    expect(lines.find(({ kind }) => kind === 'token')).to.include({ name: 'ci', prefix: token.slice(0, 12) })
    const audits = lines.filter(({ kind }) => kind === 'audit')
    const actions = audits.map(({ action }) => action)
    expect(actions).to.have.members(['member.create', 'raw.changed', 'grant.set', 'member.export', 'group.update'])
    expect(audits.find(({ action }) => action === 'raw.changed')).to.include({ ip: '203.0.113.77', agent: 'ada-agent/9' })
    expect(answer.text()).to.not.match(/pbkdf2|"hash":"[0-9a-f]{64}"|plum harbour/)
    expect(answer.text()).to.not.include(token)
    expectRefusal(await operator.send('GET', 'members/nobody/data'), 404, 'not-found', 'member not found: nobody')
  })

  it('is erased 72 hours after it was asked for, with a certificate; what was published stays, and the log still proves itself', async () => {
    const operator = operatorOf(house)
    const asked = await operator.send('POST', 'erasures', { member: 'analytical-engine', reason: 'On paper, file 17' })
    expect(asked.status, asked.text()).to.equal(201)
    const erasure = asked.json() as Thing
    const now = clock.now().getTime()
    const waiting = {
      id: erasure['id'],
      member: ada,
      state: 'waiting',
      requestedAt: new Date(now).toISOString(),
      by: { kind: 'operator', id: (erasure['by'] as Thing)['id'] },
      reason: 'On paper, file 17',
      notBefore: new Date(now + 72 * hour).toISOString(),
      dueAt: new Date(now + 30 * day).toISOString(),
      blocked: null,
      endedAt: null,
      shownAs: null,
      counts: {},
    }
    expect(erasure).to.deep.equal(waiting)
    const again = await operator.send('POST', 'erasures', { member: ada })
    expectRefusal(again, 409, 'conflict', 'The erasure of this member waits already')
    clock.advance(72 * hour - 1)
    await house.kernel.chores.run('clock')
    expect(await run()).to.equal(undefined)
    expect(await publishedBy()).to.equal(ada)
    clock.advance(1)
    expect(await run()).to.deep.equal({ erased: 1, blocked: 0 })
    const done = await operator.done('GET', `erasures/${String(erasure['id'])}`)
    const counts = done['counts'] as Record<string, number>
    expect(done).to.deep.equal({
      ...waiting,
      state: 'done',
      endedAt: clock.now().toISOString(),
      shownAs: 'deleted-user-1',
      counts,
    })
    expect(counts).to.deep.equal({
      ...{ tokens: 1, sessions: 0, resets: 0, uploads: 0, groups: 0, grants: 0 },
      ...{ addresses: 1, logRows: 1, mails: 0, packages: 0 },
    })
    expect(await operator.items('erasures')).to.deep.equal([done])
    expect(await left()).to.deep.equal([])
    expect(await publishedBy()).to.equal('deleted-user-1')
    expect((await house.call('GET', '/acme/files/a.txt')).text()).to.equal('bytes')
    expect((await operator.done('GET', 'audit/verify'))['fault']).to.equal(null)
    const rows = await operator.items(`audit?actor=${ada}`)
    expect(rows.map(({ action, source }) => [action, source])).to.deep.equal([['raw.changed', null]])
    const [last] = await operator.items('audit?action=member.erase')
    expect(last).to.deep.include({ target: { kind: 'member', id: ada }, effects: counts })
    const next = await operator.send('POST', 'members', { name: 'analytical-engine', email: 'ada@acme.example' })
    expect(next.status, 'the login is free').to.equal(201)
    const twice = await operator.send('POST', 'erasures', { member: ada })
    expectRefusal(twice, 409, 'conflict', 'This member is erased already')
  })

  it('is told to the person itself, in a session that has just proven who it is, once a day', async () => {
    const browser = new Browser(house)
    expect((await browser.signIn('analytical-engine', 'plum harbour 42')).status).to.equal(201)
    const own = await browser.call('GET', 'account/data')
    expect([own.status, own.headers['content-type']]).to.deep.equal([200, 'application/x-ndjson'])
    const lines = own
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Thing)
    expect(lines[1]).to.include({ kind: 'profile', id: ada, email: 'ada@acme.example' })
    expect(lines.filter(({ kind }) => kind === 'session')).to.have.length(1)
    expect(lines.at(-1)).to.deep.equal({ kind: 'end' })
    const again = await browser.call('GET', 'account/data')
    expect([again.status, again.headers['retry-after']]).to.deep.equal([429, '86400'])
    clock.advance(11 * 60_000)
    for (const [method, path] of [
      ['GET', 'account/data'],
      ['POST', 'account/erasure'],
    ] as const) {
      const stale = await browser.call(method, path)
      expect([stale.status, (stale.json() as Thing)['code']], path).to.deep.equal([403, 'step-up'])
    }
    const byToken = { as: 'nobody', headers: { authorization: `Bearer ${token}` } } as const
    expect((await house.call('GET', '/acme/-/api/v1/account/data', byToken)).status).to.equal(403)
  })

  it('is erased where the person itself asks, and stays where they stay after all', async () => {
    const browser = new Browser(house)
    await browser.signIn('analytical-engine', 'plum harbour 42')
    expectRefusal(await browser.call('GET', 'account/erasure'), 404, 'not-found', `erasure not found: ${ada}`)
    const asked = await browser.call('POST', 'account/erasure')
    expect(asked.status, asked.text()).to.equal(201)
    expect(asked.json()).to.deep.include({ member: ada, state: 'waiting', by: { kind: 'member', id: ada } })
    expect((await browser.call('GET', 'account/erasure')).json()).to.deep.equal(asked.json())
    expect((await browser.call('DELETE', 'account/erasure')).json()).to.include({ state: 'cancelled' })
    clock.advance(1)
    expect((await browser.call('POST', 'account/erasure')).status).to.equal(201)
    clock.advance(72 * hour)
    await house.kernel.chores.run('clock')
    expect(await run()).to.deep.equal({ erased: 1, blocked: 0 })
    expect((await browser.call('GET', 'account/erasure')).status).to.equal(401)
    expect(await left()).to.deep.equal([])
    const [certificate] = await operatorOf(house).items('erasures')
    expect(certificate).to.include({ state: 'done', shownAs: 'deleted-user-1' })
    expect((certificate?.['counts'] as Thing | undefined)?.['sessions']).to.equal(1)
  })

  it('stays where the request is taken back in time', async () => {
    const operator = operatorOf(house)
    const { id } = await operator.done('POST', 'erasures', { member: ada })
    clock.advance(hour)
    const cancelled = await operator.done('POST', `erasures/${String(id)}/cancel`)
    expect(cancelled).to.include({ state: 'cancelled', endedAt: clock.now().toISOString() })
    clock.advance(100 * hour)
    await house.kernel.chores.run('clock')
    expect(await run()).to.equal(undefined)
    expect((await operator.send('GET', `members/${ada}`)).status).to.equal(200)
    expectRefusal(
      await operator.send('POST', `erasures/${String(id)}/cancel`),
      409,
      'conflict',
      'This erasure is cancelled already',
    )
    expectRefusal(await operator.send('GET', 'erasures/nothing'), 404, 'not-found', 'erasure not found: nothing')
    expect((await operator.send('POST', 'erasures', { member: ada })).status).to.equal(201)
  })

  it('of somebody who was deleted before goes as well: what is left of it', async () => {
    const operator = operatorOf(house)
    await operator.done('DELETE', `members/${ada}`)
    expect((await left()).some((one) => one.startsWith('203.0.113.77'))).to.equal(true)
    await operator.done('POST', 'erasures', { member: ada })
    clock.advance(72 * hour)
    await house.kernel.chores.run('clock')
    expect(await run()).to.deep.equal({ erased: 1, blocked: 0 })
    expect(await left()).to.deep.equal([])
    const unknown = await operator.send('POST', 'erasures', { member: 'm_00000000000000000000' })
    expectRefusal(unknown, 404, 'not-found', 'member not found: m_00000000000000000000')
  })

  it('is not erased under a legal hold, nor is the organization deleted or the log shortened, until it is lifted', async () => {
    const operator = operatorOf(house)
    expectRefusal(await operator.send('GET', 'legal-hold'), 404, 'not-found', 'legal hold not found: acme')
    const hold = await operator.done('PUT', 'legal-hold', { reason: 'Case 4 of 2026' })
    expect(hold).to.include({ reason: 'Case 4 of 2026', since: clock.now().toISOString() })
    expect(await operator.done('GET', 'legal-hold')).to.deep.equal(hold)
    const { id } = await operator.done('POST', 'erasures', { member: ada })
    clock.advance(500 * day)
    await house.kernel.chores.run('clock')
    await instanceOf(house).done('POST', 'chores/clock/run', { confirmed: true })
    expect(await run()).to.deep.equal({ erased: 0, blocked: 1 })
    expect(await operator.done('GET', `erasures/${String(id)}`)).to.include({
      state: 'waiting',
      blocked: 'A legal hold forbids it',
    })
    await house.kernel.chores.run('audit', { confirmed: true })
    expect((await operator.done('GET', 'audit/head'))['anchor']).to.deep.include({ seq: 0 })
    const removed = await instanceOf(house).send('DELETE', 'organizations/acme')
    expectRefusal(removed, 409, 'conflict', 'A legal hold forbids that anything of it is deleted')
    expect((await operator.send('DELETE', 'legal-hold')).status).to.equal(204)
    expectRefusal(await operator.send('DELETE', 'legal-hold'), 404, 'not-found', 'legal hold not found: acme')
    expect(await run()).to.deep.equal({ erased: 1, blocked: 0 })
    expect(await operator.done('GET', `erasures/${String(id)}`)).to.include({ state: 'done', blocked: null })
  })

  it('of the last owner waits for another one, and says so', async () => {
    const operator = operatorOf(house)
    const { id } = await operator.done('POST', 'erasures', { member: 'olga' })
    clock.advance(72 * hour)
    await house.kernel.chores.run('clock')
    expect(await run()).to.deep.equal({ erased: 0, blocked: 1 })
    const blocked = 'The last active owner stays an owner'
    expect(await operator.done('GET', `erasures/${String(id)}`)).to.include({ state: 'waiting', blocked })
    await operator.done('PATCH', 'members/rita', { role: 'owner' })
    expect(await run()).to.deep.equal({ erased: 1, blocked: 0 })
  })

  it('of somebody who was made an owner since an admin asked waits for the wish of an owner', async () => {
    const operator = operatorOf(house)
    const made = { name: 'adam', role: 'admin', password: 'quince orchard 7' }
    await operator.done('POST', 'members', made)
    const browser = new Browser(house)
    await browser.signIn('adam', made.password)
    const asked = await browser.call('POST', 'erasures', { body: { member: ada } })
    expect(asked.status, asked.text()).to.equal(201)
    await operator.done('PATCH', `members/${ada}`, { role: 'owner' })
    clock.advance(72 * hour)
    await house.kernel.chores.run('clock')
    expect(await run()).to.deep.equal({ erased: 0, blocked: 1 })
    const blocked = 'An owner is erased at the wish of an owner, of the operator, or their own'
    expect(await operator.items('erasures')).to.have.nested.property('[0].blocked', blocked)
    await operator.done('PATCH', 'members/adam', { role: 'owner' })
    expect(await run()).to.deep.equal({ erased: 1, blocked: 0 })
  })

  it('is for those who manage members; holds are for owners', async () => {
    for (const [method, path, permission, body] of [
      ['GET', `members/${ada}/data`, 'members.manage', undefined],
      ['GET', 'erasures', 'members.read', undefined],
      ['POST', 'erasures', 'members.manage', { member: ada }],
      ['POST', 'erasures/x/cancel', 'members.manage', undefined],
      ['GET', 'legal-hold', 'organization.manage', undefined],
      ['PUT', 'legal-hold', 'organization.manage', { reason: 'x' }],
      ['DELETE', 'legal-hold', 'organization.manage', undefined],
    ] as const)
      for (const somebody of ['olga', 'dora', 'gus'] as const)
        expectForbidden(await memberOf(house, somebody).send(method, path, body), permission)
  })
})
