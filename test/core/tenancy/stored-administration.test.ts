import { expect } from 'chai'
import type { Role } from '../../../core/auth/permission.js'
import type { Principal } from '../../../core/auth/principal.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { all, operator, outcome, People, refusal } from '../../support/people.js'

async function acme() {
  const people = new People()
  await people.register().create('acme')
  const directory = await people.directory('acme')
  const as = async (name: string, role?: Role): Promise<Principal> => {
    const { id } = await directory.createMember({ name, ...(role === undefined ? {} : { role }) })
    return { kind: 'member', id, name, groups: [], by: 'session', ...(role === undefined ? {} : { role }) }
  }
  return { people, directory, as, administration: await people.administration('acme') }
}

describe('administration', () => {
  it('makes a repository with the defaults of the house', async () => {
    const { administration } = await acme()
    const made = await administration.createRepository({ name: 'raw', format: 'raw' })
    expect(made).to.deep.equal({
      id: made.id,
      name: 'raw',
      format: 'raw',
      kind: 'hosted',
      public: false,
      policy: 'mixed',
      writePolicy: 'replace',
      layoutPolicy: 'strict',
      createdAt: new Date('2026-01-31T12:00:00.000Z'),
    })
    expect(made.id).to.match(/^r_[a-z0-9]{20}$/)
    expect(await administration.getRepository('raw')).to.deep.equal(made)
  })

  it('refuses malformed names, unknown formats, other kinds, odd sizes and hosts, with nothing written', async () => {
    const { people, administration } = await acme()
    const wrong = [
      { name: '-raw', format: 'raw' },
      { name: 'Raw', format: 'raw' },
      { name: 'a'.repeat(64), format: 'raw' },
      { name: 'raw', format: 'debian' },
      { name: 'raw', format: 'raw', kind: 'proxy' },
      { name: 'raw', format: 'raw', maxSize: 0 },
      { name: 'raw', format: 'raw', maxSize: 1.5 },
      { name: 'raw', format: 'raw', host: 'UPPER.example' },
      { name: 'raw', format: 'raw', host: 'a.example:8080' },
      { name: 'raw', format: 'raw', host: '127.0.0.1' },
      { name: 'raw', format: 'raw', host: '2130706433' },
      { name: 'raw', format: 'raw', host: '127.0x1' },
    ] as const
    for (const each of wrong) {
      expect(await outcome(administration.createRepository(each)), JSON.stringify(each)).to.equal('invalid')
    }
    expect([...(await people.tenancy.open('acme')).repositories()]).to.deep.equal([])
    const other = await refusal(administration.createRepository({ name: 'raw', format: 'raw', kind: 'group' }))
    expect([other.message, other.detail]).to.deep.equal([
      'Repositories of kind group are not part of this version; hosted ones are',
      { field: 'kind' },
    ])
  })

  it('lets one of two equal names win, of repositories and of host names', async () => {
    const { administration } = await acme()
    const race = (names: readonly string[], host?: string) =>
      Promise.all(
        names.map((name) =>
          outcome(administration.createRepository({ name, format: 'raw', ...(host === undefined ? {} : { host }) })),
        ),
      )
    expect((await race(['raw', 'raw', 'raw'])).sort()).to.deep.equal(['conflict', 'conflict', 'fine'])
    expect((await race(['one', 'two'], 'raw.acme.example')).sort()).to.deep.equal(['conflict', 'fine'])
    expect(await all(administration.listRepositories())).to.have.length(2)
  })

  it('changes what the patch names and nothing else; null takes away', async () => {
    const { administration } = await acme()
    const made = await administration.createRepository({ name: 'raw', format: 'raw', maxSize: 10 })
    const patched = await administration.updateRepository('raw', { public: true, writePolicy: 'once' })
    expect(patched).to.deep.equal({ ...made, public: true, writePolicy: 'once' })
    const { maxSize, ...without } = patched
    expect(maxSize).to.equal(10)
    expect(await administration.updateRepository('raw', { maxSize: null })).to.deep.equal(without)
  })

  it('takes a repository away at once, leaves word for the clean-up, and never uses an id twice', async () => {
    const { people, administration } = await acme()
    const made = await administration.createRepository({ name: 'raw', format: 'raw' })
    await administration.deleteRepository('raw')
    expect(await outcome(administration.getRepository('raw'))).to.equal('not-found')
    const due: (readonly string[])[] = []
    for (let shard = 0; shard < 16; shard += 1) {
      for (const { key } of await all(people.store.range(tenantKeys.due(shard), {}))) due.push(key.path)
    }
    const { id } = (await people.tenancy.open('acme')).organization
    const over = Date.UTC(2026, 0, 31, 12) + 14 * 86_400_000
    const at = (delay: number) => String(over + delay).padStart(15, '0')
    expect(due.sort()).to.deep.equal([
      [at(600_000), id, made.id, '-', 'removed'],
      [at(86_400_000), id, made.id, '-', 'removed'],
    ])
    expect((await administration.createRepository({ name: 'raw', format: 'raw' })).id).to.not.equal(made.id)
  })

  it('asks each call for its permission', async () => {
    const { people, as, administration } = await acme()
    const made = await administration.createRepository({ name: 'raw', format: 'raw' })
    const reader = await people.administration('acme', await as('rita', 'reader'))
    const nobody = await people.administration('acme', await as('gus'))
    const admin = await people.administration('acme', await as('adam', 'admin'))
    expect((await all(reader.listRepositories())).map(({ name }) => name)).to.deep.equal(['raw'])
    expect(await all(nobody.listRepositories())).to.deep.equal([])
    expect(await outcome(nobody.getRepository('raw'))).to.equal('not-found')
    expect(await outcome(nobody.updateRepository('raw', { public: true }))).to.equal('not-found')
    expect(await outcome(nobody.deleteRepository('raw'))).to.equal('not-found')
    const grant = { subject: { kind: 'group', id: `g_${'a'.repeat(20)}` }, repository: made.id, level: 'read' } as const
    for (const refused of [
      reader.createRepository({ name: 'mine', format: 'raw' }),
      reader.updateRepository('raw', { public: true }),
      reader.deleteRepository('raw'),
      reader.setGrant(grant),
      reader.setGrant({ ...grant, repository: '*' }),
      reader.removeGrant(grant),
      reader.setFormat('npm', false),
      admin.setFormat('npm', false),
      admin.updateRepository('raw', { host: 'raw.acme.example' }),
      nobody.organization(),
    ]) {
      expect(await outcome(refused)).to.equal('forbidden')
    }
    expect(await outcome(admin.updateRepository('raw', { public: true }))).to.equal('fine')
    expect((await reader.organization()).name).to.equal('acme')
  })

  it('keeps one grant for subject, repository and path, each acting on the next request', async () => {
    const { people, as, administration } = await acme()
    const gus = await as('gus')
    const subject = { kind: 'member', id: gus.kind === 'member' ? gus.id : '' } as const
    const made = await administration.createRepository({ name: 'raw', format: 'raw' })
    await administration.setGrant({ subject, repository: made.id, level: 'read' })
    await administration.setGrant({ subject, repository: made.id, level: 'write' })
    await administration.setGrant({ subject, repository: made.id, level: 'delete', path: 'a/b' })
    expect(await all(administration.listGrants())).to.deep.equal([
      { subject, repository: made.id, level: 'write' },
      { subject, repository: made.id, level: 'delete', path: 'a/b' },
    ])
    const may = async () => people.policy.permits(await people.tenancy.open('acme'), gus, 'artifacts.write', { repository: made })
    expect(await may()).to.equal(true)
    await administration.removeGrant({ subject, repository: made.id })
    expect(await may()).to.equal(false)
    expect(await outcome(administration.removeGrant({ subject, repository: made.id }))).to.equal('not-found')
    await administration.deleteRepository('raw')
    expect(await all(administration.listGrants())).to.deep.equal([])
  })

  it('gives by group, and refuses grants to nobody, on nothing, or for a path that can never match', async () => {
    const { people, as, directory, administration } = await acme()
    const gus = await as('gus')
    const id = gus.kind === 'member' ? gus.id : ''
    const made = await administration.createRepository({ name: 'raw', format: 'raw' })
    const group = await directory.createGroup('builders')
    await directory.changeGroupMembers(group.id, { add: [id] })
    await administration.setGrant({ subject: { kind: 'group', id: group.id }, repository: '*', level: 'read' })
    const tenant = await people.tenancy.open('acme')
    const now = await people.authenticator.refresh(tenant, gus)
    expect(people.policy.permits(tenant, now, 'artifacts.read', { repository: made })).to.equal(true)
    const level = 'read'
    for (const missing of [
      { subject: { kind: 'service', id }, repository: made.id, level },
      { subject: { kind: 'group', id: `g_${'z'.repeat(20)}` }, repository: made.id, level },
      { subject: { kind: 'member', id: '../../o' }, repository: made.id, level },
      { subject: { kind: 'member', id }, repository: 'r_unknown', level },
    ] as const) {
      expect(await outcome(administration.setGrant(missing)), JSON.stringify(missing)).to.equal('not-found')
    }
    for (const path of ['/a', 'a/', 'a//b', 'a/../b', '.', 'a\0b', 'x'.repeat(401)]) {
      const grant = { subject: { kind: 'member', id }, repository: made.id, level, path } as const
      expect(await outcome(administration.setGrant(grant)), JSON.stringify(path)).to.equal('invalid')
    }
  })

  it('switches formats off and on: nothing new is made, and the reason is said', async () => {
    const { people, as, administration } = await acme()
    const owner = await people.administration('acme', await as('olga', 'owner'))
    await owner.setFormat('npm', false)
    await owner.setFormat('npm', false)
    expect(await owner.listFormats()).to.deep.equal([
      { name: 'raw', version: '1.0.0', enabled: true },
      { name: 'npm', version: '2.0.0', enabled: false },
    ])
    const refused = await refusal(administration.createRepository({ name: 'js', format: 'npm' }))
    expect([refused.kind, refused.message, refused.detail]).to.deep.equal([
      'forbidden',
      'The format npm is switched off in this organization',
      { code: 'format-disabled', format: 'npm' },
    ])
    expect(await outcome(owner.setFormat('api', false))).to.equal('invalid')
    await owner.setFormat('npm', true)
    expect(await outcome(administration.createRepository({ name: 'js', format: 'npm' }))).to.equal('fine')
  })

  it('lets the operator issue tokens to members, an administrator to service accounts, and an owner alone to an owning one', async () => {
    const { people, as, directory } = await acme()
    const dora = await directory.createMember({ name: 'dora', role: 'developer' })
    const bot = await directory.createMember({ name: 'bot', kind: 'service' })
    const crown = await directory.createMember({ name: 'crown', kind: 'service', role: 'owner' })
    const request = { name: 'ci', scopes: [{ kind: 'repository', repository: '*', level: 'read' }] } as const
    const by = async (principal: Principal, member: string) =>
      outcome((await people.administration('acme', principal)).issueToken(member, request))
    const admin = await as('adam', 'admin')
    expect(await by(operator, dora.id)).to.equal('fine')
    expect(await by(admin, dora.id)).to.equal('forbidden')
    expect(await by(admin, bot.id)).to.equal('fine')
    expect(await by(admin, crown.id)).to.equal('forbidden')
    expect(await by(await as('olga', 'owner'), crown.id)).to.equal('fine')
    expect(await by(await as('rita', 'reader'), bot.id)).to.equal('forbidden')
    expect(await by(operator, `m_${'x'.repeat(20)}`)).to.equal('not-found')
    const administration = await people.administration('acme')
    const tokens = await all(administration.listTokens(bot.id))
    const id = tokens[0]?.id ?? ''
    expect(await administration.findTokenOwner(id)).to.deep.equal(bot)
    for (const unknown of [`tok_${'x'.repeat(20)}`, '', 'a/b', 'x'.repeat(700)]) {
      expect(await outcome(administration.findTokenOwner(unknown)), unknown).to.equal('not-found')
    }
    expect(await outcome((await people.administration('acme', await as('rick', 'reader'))).findTokenOwner(id))).to.equal(
      'forbidden',
    )
    expect(tokens.map(({ name, prefix }) => [name, prefix.slice(0, 6)])).to.deep.equal([['ci', 'crt_s_']])
  })
})
