import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, instanceOf, memberOf, operatorOf, type Thing } from '../../support/management.js'

const day = 86_400_000

describe('reports for reviewers', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    const repositories = [
      { name: 'files', format: 'raw' },
      { name: 'open', format: 'raw', public: true },
    ]
    house = await openHouse({ plugins: [raw, api], repositories, idle: true, clock })
  })
  afterEach(() => house.close())

  const idOf = async (name: string) => (await operatorOf(house).done('GET', `members/${name}`))['id']
  const byRole = (role: string, level: string) => ({ repository: '*', level, through: { kind: 'role', name: role }, path: null })

  it('tell who can do what in which repository, through which role, grant or group, and when they last did anything', async () => {
    const operator = operatorOf(house)
    await operator.done('POST', 'groups', { name: 'builders' })
    await operator.done('PUT', 'groups/builders/members/gus')
    await operator.done('PUT', 'grants', {
      subject: 'builders',
      repository: 'files',
      level: 'write',
      path: 'a',
    })
    await operator.done('PUT', 'grants', { subject: 'member:rita', repository: 'files', level: 'delete' })
    await operator.done('PATCH', 'members/rita', { status: 'inactive' })
    const [anybody, ...items] = await operator.items('reports/access')
    expect(anybody).to.include({ kind: 'anonymous' })
    const common = { status: 'active', lastUsedAt: null, kind: 'member' }
    expect(items).to.deep.equal([
      { ...common, id: await idOf('dora'), name: 'dora', role: 'developer', access: [byRole('developer', 'write')] },
      {
        ...common,
        id: await idOf('gus'),
        name: 'gus',
        role: null,
        access: [{ repository: 'files', level: 'write', through: { kind: 'group', name: 'builders' }, path: 'a' }],
      },
      { ...common, id: await idOf('olga'), name: 'olga', role: 'owner', access: [byRole('owner', 'administer')] },
      {
        ...common,
        id: await idOf('rita'),
        name: 'rita',
        role: 'reader',
        status: 'inactive',
        access: [
          byRole('reader', 'read'),
          { repository: 'files', level: 'delete', through: { kind: 'grant', name: '' }, path: null },
        ],
      },
    ])
    const names = async (query: string) => (await operator.items(`reports/access${query}`)).map(({ name }) => name)
    expect(await names('?repository=open')).to.deep.equal(['', 'dora', 'olga', 'rita'])
    expect(await names('?repository=files')).to.deep.equal(['dora', 'gus', 'olga', 'rita'])
    expectRefusal(await operator.send('GET', 'reports/access?repository=none'), 404, 'not-found', 'repository not found: none')
  })

  it('begin with what anybody may do, where the organization lets anybody in, and go on page by page', async () => {
    const seen: Thing[] = []
    let cursor = ''
    do {
      const page = await operatorOf(house).done('GET', `reports/access?limit=1${cursor}`)
      seen.push(...(page['items'] as Thing[]))
      cursor = page['next'] === null ? '' : `&cursor=${String(page['next'])}`
    } while (cursor !== '')
    expect(seen.map(({ name }) => name)).to.deep.equal(['', 'dora', 'gus', 'olga', 'rita'])
    expect(seen[0]).to.deep.equal({
      kind: 'anonymous',
      id: 'anonymous',
      name: '',
      role: null,
      status: 'active',
      lastUsedAt: null,
      access: [{ repository: 'open', level: 'read', through: { kind: 'public', name: '' }, path: null }],
    })
    await instanceOf(house).done('PATCH', 'organizations/acme', { publicAllowed: false })
    expect((await operatorOf(house).items('reports/access')).map(({ name }) => name)).to.deep.equal([
      'dora',
      'gus',
      'olga',
      'rita',
    ])
  })

  it('tell which tokens are old, unused, broad, expired or of somebody who left, each with all that is to be said', async () => {
    const operator = operatorOf(house)
    const issue = async (member: string, name: string, scope: string, expiresInDays: number) =>
      (await operator.done('POST', 'tokens', { member, name, scopes: [scope], expiresInDays }))['id']
    await operator.done('POST', 'members', { name: 'robot', kind: 'service' })
    const narrow = await issue('robot', 'narrow', 'repo:*:read', 365)
    const broad = await issue('robot', 'broad', 'repo:*:delete', 365)
    const short = await issue('robot', 'short', 'org:read', 30)
    const of = async (query = '') =>
      (await operator.items(`reports/tokens${query}`))
        .filter(({ member }) => (member as Thing)['name'] === 'robot')
        .map(({ id, findings }) => [id, findings])
    expect(await of()).to.deep.equal([[broad, ['broad']]])
    clock.advance(8 * day)
    expect(new Map((await of()) as [string, unknown][])).to.deep.equal(
      new Map([
        [narrow, ['never-used']],
        [broad, ['never-used', 'broad']],
        [short, ['never-used']],
      ] as [string, unknown][]),
    )
    clock.advance(90 * day)
    expect(new Map((await of()) as [string, unknown][])).to.deep.equal(
      new Map([
        [narrow, ['old', 'never-used']],
        [broad, ['old', 'never-used', 'broad']],
        [short, ['old', 'never-used', 'expired']],
      ] as [string, unknown][]),
    )
    expect((await of('?finding=expired')).map(([id]) => id)).to.deep.equal([short])
    expect(await of('?oldDays=200&finding=old')).to.deep.equal([])
    const paged: unknown[] = []
    let cursor = ''
    do {
      const page = await operator.done('GET', `reports/tokens?limit=1${cursor}`)
      paged.push(...(page['items'] as Thing[]).map(({ id }) => id))
      cursor = page['next'] === null ? '' : `&cursor=${String(page['next'])}`
    } while (cursor !== '')
    expect(paged).to.deep.equal((await operator.items('reports/tokens')).map(({ id }) => id))
    expect((await operator.send('GET', 'reports/tokens?finding=nothing')).status).to.equal(400)
  })

  it('tell of an identity provider’s token as of any other', async () => {
    const operator = operatorOf(house)
    const { id, token, expiresAt } = await operator.done('POST', 'scim-tokens', { connection: 'okta' })
    const createdAt = clock.now().toISOString()
    clock.advance(7 * day)
    const rows = await operator.items('reports/tokens?limit=1&finding=never-used')
    expect(rows[0]).to.deep.equal({
      member: null,
      connection: 'okta',
      id,
      name: 'okta',
      prefix: String(token).slice(0, 12),
      scopes: [],
      createdAt,
      createdBy: rows[0]?.['createdBy'],
      expiresAt,
      lastUsedAt: null,
      findings: ['never-used'],
    })
    const page = await operator.done('GET', 'reports/tokens?limit=1&finding=never-used')
    expect(page['next']).to.be.a('string')
    const next = await operator.done('GET', `reports/tokens?limit=1&finding=never-used&cursor=${String(page['next'])}`)
    expect((next['items'] as Thing[]).map(({ connection }) => connection)).to.deep.equal([null])
  })

  it('list who left, newest first', async () => {
    const operator = operatorOf(house)
    const [dora, rita] = [await idOf('dora'), await idOf('rita')]
    await operator.done('PATCH', 'members/rita', { status: 'inactive' })
    clock.advance(1)
    await operator.done('DELETE', 'members/dora')
    const items = await operator.items('reports/leavers')
    expect(items.map(({ member, name, how, counts }) => [member, name, how, (counts as Thing)['tokens']])).to.deep.equal([
      [dora, null, 'deleted', 1],
      [rita, 'rita', 'deactivated', 1],
    ])
    expect((await operator.done('GET', 'reports/leavers?limit=1'))['next']).to.be.a('string')
  })

  it('are for those who may read the audit log', async () => {
    for (const report of ['access', 'tokens', 'leavers'])
      for (const somebody of ['dora', 'rita', 'gus'] as const)
        expectForbidden(await memberOf(house, somebody).send('GET', `reports/${report}`), 'audit.read')
    await operatorOf(house).done('POST', 'members', { name: 'auditor', kind: 'service' })
    const { token } = await operatorOf(house).done('POST', 'tokens', { member: 'auditor', name: 'siem', scopes: ['audit:read'] })
    for (const report of ['access', 'tokens', 'leavers']) {
      const answer = await house.call('GET', `/acme/-/api/v1/reports/${report}`, {
        as: 'nobody',
        headers: { authorization: `Bearer ${String(token)}` },
      })
      expect(answer.status, report).to.equal(200)
    }
  })
})
