import { pbkdf2Sync } from 'node:crypto'
import { expect } from 'chai'
import { formatHash } from '../../../core/auth/pbkdf2-hash.js'
import { newToken, tokenHash } from '../../../core/auth/token-format.js'
import { readPassword } from '../../../core/directory/member-rows.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import { outcome, People, refusal } from '../../support/people.js'

const password = 'plum harbour 42'

async function acme(people = new People()) {
  await people.register().create('acme')
  const directory = await people.directory('acme')
  const ada = await directory.createMember({ name: 'Ada', email: 'ada@acme.example', role: 'developer', password })
  const administration = await people.administration('acme')
  const { token, id } = await administration.issueToken(ada.id, {
    name: 'ci',
    scopes: [{ kind: 'repository', repository: '*', level: 'write' }],
  })
  return { people, directory, administration, ada, token, tokenId: id }
}

describe('authenticator', () => {
  it('knows a member by password under name or e-mail, without regard to case', async () => {
    const { people, ada } = await acme()
    const expected = { kind: 'member', id: ada.id, name: 'Ada', role: 'developer', groups: [], by: 'password' }
    expect(await people.basic('acme', 'ADA', password)).to.deep.equal(expected)
    expect(await people.basic('acme', 'Ada@Acme.Example', password)).to.deep.equal(expected)
    expect(await people.signIn('acme', 'ada', password)).to.deep.equal(expected)
    expect(await outcome(people.basic('acme', 'ada', `${password} `))).to.equal('unauthenticated')
    expect(await outcome(people.basic('acme', 'ada', ''))).to.equal('unauthenticated')
  })

  it('takes a token as Bearer, as password of anybody, and as user name alone', async () => {
    const { people, ada, token, tokenId } = await acme()
    const limits = { id: tokenId, scopes: [{ kind: 'repository', repository: '*', level: 'write' }] }
    const expected = { kind: 'member', id: ada.id, name: 'Ada', role: 'developer', groups: [], by: 'token', token: limits }
    expect(await people.bearer('acme', token)).to.deep.equal(expected)
    expect(await people.basic('acme', '__token__', token)).to.deep.equal(expected)
    expect(await people.basic('acme', 'ada', `${token}\r\n`)).to.deep.equal(expected)
    expect(await people.basic('acme', token, '')).to.deep.equal(expected)
    const tenant = await people.tenancy.open('acme')
    const authorization = `bEaReR  ${token}`
    expect(await people.authenticator.authenticate(tenant, { authorization, address: '::1' }, 'organization')).to.deep.equal(
      expected,
    )
  })

  it('is anonymous without a header, and on origin mounts whatever it says', async () => {
    const { people } = await acme()
    const tenant = await people.tenancy.open('acme')
    expect(await people.authenticator.authenticate(tenant, { address: '::1' }, 'repository')).to.deep.equal({ kind: 'anonymous' })
    const foreign = { authorization: 'Bearer eyJ0.a.b', address: '::1' }
    expect(await people.authenticator.authenticate(tenant, foreign, 'origin')).to.deep.equal({ kind: 'anonymous' })
  })

  it('refuses a token with a wrong checksum without a look at the store', async () => {
    const { people, token } = await acme()
    const tenant = await people.tenancy.open('acme')
    const before = people.store.gets
    const authorization = `Bearer ${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`
    const wrong = people.authenticator.authenticate(tenant, { authorization, address: '::1' }, 'repository')
    expect(await outcome(wrong)).to.equal('unauthenticated')
    expect(people.store.gets).to.equal(before)
  })

  it('refuses broken headers, Basic on organization mounts, and tokens of a kind not issued', async () => {
    const { people } = await acme()
    const tenant = await people.tenancy.open('acme')
    const ask = (authorization: string, mount: 'repository' | 'organization') =>
      outcome(people.authenticator.authenticate(tenant, { authorization, address: '::1' }, mount))
    const basic = (text: string | Buffer) => `Basic ${Buffer.from(text).toString('base64')}`
    for (const header of [
      '',
      'Digest x',
      'Basic',
      'Basic !!!',
      basic('no colon'),
      basic(`a:${'x'.repeat(2_100)}`),
      'Bearer a b',
    ]) {
      expect(await ask(header, 'repository'), header).to.equal('unauthenticated')
    }
    expect(await ask(basic(`ada:${password}`), 'organization')).to.equal('unauthenticated')
    expect(await ask(`Bearer ${newToken('x')}`, 'organization')).to.equal('unauthenticated')
  })

  it('reads Basic as UTF-8, and as Latin-1 where it is none', async () => {
    const people = new People()
    await people.register().create('acme')
    await (await people.directory('acme')).createMember({ name: 'jörg', password: 'grün wie moos' })
    const tenant = await people.tenancy.open('acme')
    for (const coding of ['utf8', 'latin1'] as const) {
      const authorization = `basic ${Buffer.from('jörg:grün wie moos', coding).toString('base64')}`
      const found = await people.authenticator.authenticate(tenant, { authorization, address: '::1' }, 'repository')
      expect(found.kind).to.equal('member')
    }
  })

  it('derives once for a build that opens ten connections, and not at all for the next request', async () => {
    const { people } = await acme()
    await Promise.all(Array.from({ length: 10 }, () => people.basic('acme', 'ada', password)))
    await people.basic('acme', 'ada', password)
    expect(people.hashes.checks).to.equal(1)
    people.clock.advance(300_000)
    await people.basic('acme', 'ada', password)
    expect(people.hashes.checks).to.equal(2)
  })

  it('never lets a wrong password in after the right one', async () => {
    const { people } = await acme()
    await people.basic('acme', 'ada', password)
    expect(await outcome(people.basic('acme', 'ada', 'plum harbour 43'))).to.equal('unauthenticated')
    expect(await outcome(people.basic('acme', 'ada', password))).to.equal('fine')
  })

  it('acts on a changed password with the next request, in every process', async () => {
    const { people, directory, ada } = await acme()
    const second = new People(people.store, people.clock)
    for (const each of [people, second]) await each.basic('acme', 'ada', password)
    people.clock.advance(2_000)
    for (const each of [people, second]) await each.basic('acme', 'ada', password)
    await directory.setPassword(ada.id, 'quince orchard 7')
    for (const each of [people, second]) {
      expect(await outcome(each.basic('acme', 'ada', password))).to.equal('unauthenticated')
      expect(await outcome(each.basic('acme', 'ada', 'quince orchard 7'))).to.equal('fine')
    }
  })

  it('acts on deactivation, removal, revocation and suspension with the next request, in every process', async () => {
    const { people, directory, administration, ada, token } = await acme()
    const second = new People(people.store, people.clock)
    const both = async (one = token) => Promise.all([people, second].map((each) => outcome(each.bearer('acme', one))))
    people.clock.advance(2_000)
    expect(await both()).to.deep.equal(['fine', 'fine'])
    people.clock.advance(2_000)
    expect(await both()).to.deep.equal(['fine', 'fine'])
    await directory.updateMember(ada.id, { status: 'inactive' })
    expect(await both()).to.deep.equal(['unauthenticated', 'unauthenticated'])
    expect(await outcome(people.basic('acme', 'ada', password))).to.equal('unauthenticated')
    await directory.updateMember(ada.id, { status: 'active' })
    expect(await both(), 'a token of before is dead for good').to.deep.equal(['unauthenticated', 'unauthenticated'])
    const issued = await administration.issueToken(ada.id, { name: 'new', scopes: [{ kind: 'audit' }] })
    expect(await both(issued.token)).to.deep.equal(['fine', 'fine'])
    await people.register().update('acme', { status: 'suspended' })
    expect(await both(issued.token)).to.deep.equal(['unauthenticated', 'unauthenticated'])
    await people.register().update('acme', { status: 'active' })
    expect(await both(issued.token)).to.deep.equal(['fine', 'fine'])
    await administration.revokeToken(ada.id, issued.id)
    expect(await both(issued.token)).to.deep.equal(['unauthenticated', 'unauthenticated'])
  })

  it('keeps no token in the store, only its hash', async () => {
    const { people, token } = await acme()
    const rows: string[] = []
    for await (const { entry } of people.store.scan()) rows.push(JSON.stringify([entry.key, entry.value]))
    expect(rows.filter((row) => row.includes(token) || row.includes(password))).to.deep.equal([])
    expect(rows.filter((row) => row.includes(tokenHash(token)))).to.have.length(2)
  })

  it('ends a token at its last moment, and refuses it from outside its ranges', async () => {
    const { people, administration, ada } = await acme()
    const scopes = [{ kind: 'organization', level: 'read' }] as const
    const day = await administration.issueToken(ada.id, { name: 'day', scopes, expiresInDays: 1 })
    const cidr = ['203.0.113.0/24', '2001:db8::/32']
    const near = await administration.issueToken(ada.id, { name: 'near', scopes, cidr })
    for (const inside of ['203.0.113.9', '::ffff:203.0.113.9', '2001:db8:1::5']) {
      expect(await outcome(people.bearer('acme', near.token, inside)), inside).to.equal('fine')
    }
    for (const outside of ['203.0.114.9', '2001:db9::1', 'unknown']) {
      expect(await outcome(people.bearer('acme', near.token, outside)), outside).to.equal('unauthenticated')
    }
    people.clock.advance(24 * 3_600_000 - 1)
    expect(await outcome(people.bearer('acme', day.token))).to.equal('fine')
    people.clock.advance(1)
    expect(await outcome(people.bearer('acme', day.token))).to.equal('unauthenticated')
  })

  it('does not know the credentials of another organization, nor anybody where there is none', async () => {
    const { people, token } = await acme()
    await people.register().create('beta')
    for (const org of ['beta', 'nowhere', 'Not-A-Name']) {
      expect(await outcome(people.bearer(org, token)), org).to.equal('unauthenticated')
      expect(await outcome(people.basic(org, 'ada', password)), org).to.equal('unauthenticated')
    }
  })

  it('pays for an unknown login what it pays for a known one, again and again', async () => {
    const { people } = await acme()
    await outcome(people.basic('acme', 'nobody', 'guessed it 1'))
    await outcome(people.basic('acme', 'somebody', 'guessed it 1'))
    await outcome(people.basic('acme', 'ada', 'guessed it 1'))
    await outcome(people.basic('nowhere', 'ada', 'guessed it 1'))
    expect(people.hashes.checks).to.equal(4)
  })

  it('takes an operator on the instance and in organizations, and is a stranger to one on artifact addresses', async () => {
    const { people, token } = await acme()
    const made = await people.operators.create('first start')
    const tenant = await people.tenancy.open('acme')
    const credentials = { authorization: `Bearer ${made.token}`, address: '::1' }
    const expected = { kind: 'operator', id: made.id }
    expect(await people.authenticator.authenticateOperator(credentials)).to.deep.equal(expected)
    expect(await people.authenticator.authenticate(tenant, credentials, 'organization')).to.deep.equal(expected)
    expect(await people.authenticator.authenticate(tenant, credentials, 'instance')).to.deep.equal(expected)
    expect(await outcome(people.authenticator.authenticate(tenant, credentials, 'repository'))).to.equal('unauthenticated')
    const member = { authorization: `Bearer ${token}`, address: '::1' }
    expect(await outcome(people.authenticator.authenticateOperator(member))).to.equal('unauthenticated')
    expect(await people.authenticator.refresh(tenant, { kind: 'operator', id: made.id })).to.deep.equal(expected)
    expect(await people.operators.revoke(made.id)).to.equal(true)
    expect(await outcome(people.authenticator.authenticateOperator(credentials))).to.equal('unauthenticated')
    expect(await outcome(people.authenticator.refresh(tenant, { kind: 'operator', id: made.id }))).to.equal('unauthenticated')
  })

  it('refreshes a principal to what it is now, and refuses one that is gone', async () => {
    const { people, directory, administration, ada, token, tokenId } = await acme()
    const tenant = await people.tenancy.open('acme')
    const principal = await people.bearer('acme', token)
    const group = await directory.createGroup('builders')
    await directory.changeGroupMembers(group.id, { add: [ada.id] })
    await directory.updateMember(ada.id, { role: 'reader' })
    expect(await people.authenticator.refresh(tenant, principal)).to.deep.include({
      role: 'reader',
      groups: [group.id],
      by: 'token',
    })
    await administration.revokeToken(ada.id, tokenId)
    expect(await outcome(people.authenticator.refresh(tenant, principal))).to.equal('unauthenticated')
    await directory.deleteMember(ada.id)
    const byPassword = { kind: 'member', id: ada.id, name: 'Ada', groups: [], by: 'password' } as const
    expect(await outcome(people.authenticator.refresh(tenant, byPassword))).to.equal('unauthenticated')
  })

  it('makes a weak or imported hash again at login, in the form of today, and leaves its version alone', async () => {
    const { people, ada } = await acme()
    const org = (await people.tenancy.open('acme')).organization.id
    const key = tenantKeys.password(org, ada.id)
    const salt = Buffer.alloc(12, 7)
    // Decomposed, as another system stored it: normalised it would be another password.
    const typed = 'cafe\u0301 harbour'
    const phc = formatHash({ iterations: 1_000, salt, hash: pbkdf2Sync(typed, salt, 1_000, 64, 'blake2b512') })
    const weak = { v: 1, phc, norm: 'raw', version: 3, changedAt: new Date(0).toISOString() }
    await people.store.commit([{ op: 'put', key, value: weak }], 'weak')
    expect(await outcome(people.basic('acme', 'ada', typed))).to.equal('fine')
    const row = readPassword((await people.store.get(key)) ?? { key, value: null, revision: '' })
    expect(row.phc).to.match(/^\$pbkdf2-blake2b512\$i=50000,l=64\$/)
    expect([row.norm, row.version]).to.deep.equal(['opaque', 3])
    expect(await outcome(people.basic('acme', 'ada', typed.normalize('NFC')))).to.equal('fine')
  })

  it('notes the last use of a token behind the request, at most once a minute', async () => {
    const { people, administration, ada, token } = await acme()
    const used = async () => {
      const ids: (string | undefined)[] = []
      for await (const record of administration.listTokens(ada.id)) ids.push(record.lastUsedAt?.toISOString())
      return ids
    }
    await people.bearer('acme', token)
    expect(await used()).to.deep.equal([undefined])
    await people.usage.flush()
    expect(await used()).to.deep.equal(['2026-01-31T12:00:00.000Z'])
    people.clock.advance(59_000)
    await people.bearer('acme', token)
    await people.usage.flush()
    expect(await used()).to.deep.equal(['2026-01-31T12:00:00.000Z'])
    people.clock.advance(1_000)
    await people.bearer('acme', token)
    await people.usage.close()
    expect(await used()).to.deep.equal(['2026-01-31T12:01:00.000Z'])
  })
})

describe('guess throttle', () => {
  it('lets ten wrong passwords through, then makes the source wait 1, 2, 4 … 60 seconds, before any derivation', async () => {
    const { people } = await acme()
    for (let count = 0; count < 10; count += 1) {
      expect(await outcome(people.basic('acme', 'ada', `wrong guess ${count}`))).to.equal('unauthenticated')
    }
    const waits: (number | undefined)[] = []
    for (let count = 10; count < 18; count += 1) {
      const derived = people.hashes.checks
      const refused = await refusal(people.basic('acme', 'ada', `wrong guess ${count}`))
      expect([refused.kind, people.hashes.checks]).to.deep.equal(['throttled', derived])
      waits.push(refused.retryAfter)
      people.clock.advance((refused.retryAfter ?? 0) * 1_000)
      expect(await outcome(people.basic('acme', 'ada', `wrong guess ${count}`))).to.equal('unauthenticated')
    }
    expect(waits).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60])
  })

  it('counts in rows: another process goes on where this one stood, other sources and known passwords are not touched', async () => {
    const { people, token } = await acme()
    await people.basic('acme', 'ada', password)
    for (let count = 0; count < 10; count += 1) await outcome(people.basic('acme', 'ada', `wrong guess ${count}`))
    const second = new People(people.store, people.clock)
    expect(await outcome(second.basic('acme', 'ada', password))).to.equal('throttled')
    expect(await outcome(people.basic('acme', 'ada', password))).to.equal('fine')
    expect(await outcome(second.basic('acme', 'ada', password, '203.0.113.5'))).to.equal('fine')
    expect(await outcome(second.bearer('acme', token))).to.equal('fine')
  })

  it('takes the addresses of one IPv6 network for one source', async () => {
    const { people } = await acme()
    for (let count = 0; count < 10; count += 1)
      await outcome(people.basic('acme', 'ada', `wrong ${count} guess`, `2001:db8::${count}`))
    expect(await outcome(people.basic('acme', 'ada', password, '2001:db8::ffff'))).to.equal('throttled')
    expect(await outcome(people.basic('acme', 'ada', password, '2001:db8:0:1::1'))).to.equal('fine')
  })

  it('forgets the failures of source and account when the right password comes', async () => {
    const { people } = await acme()
    for (let count = 0; count < 9; count += 1) await outcome(people.basic('acme', 'ada', `wrong guess ${count}`))
    expect(await outcome(people.basic('acme', 'ada', password))).to.equal('fine')
    for (let count = 0; count < 10; count += 1) {
      expect(await outcome(people.basic('acme', 'ada', `wrong again ${count}`))).to.equal('unauthenticated')
    }
    expect(await outcome(people.basic('acme', 'ada', 'wrong again 11'))).to.equal('throttled')
  })

  it('lets no guess slip past the count by coming beside others', async () => {
    const { people } = await acme()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, count) => outcome(people.basic('acme', 'ada', `beside each other ${count}`))),
    )
    expect(answers.filter((answer) => answer === 'unauthenticated')).to.have.length(10)
    expect(answers.filter((answer) => answer === 'throttled')).to.have.length(30)
  })

  it('stops a source after a hundred failures over all organizations and accounts, until its ten minutes are over', async () => {
    const { people, token } = await acme()
    for (let count = 0; count < 100; count += 1)
      expect(await outcome(people.bearer('acme', newToken('u')))).to.equal('unauthenticated')
    people.clock.advance(60_000)
    const refused = await refusal(people.basic('nowhere', 'ada', password))
    expect([refused.kind, refused.retryAfter]).to.deep.equal(['throttled', 540])
    expect(await outcome(people.bearer('acme', newToken('u')))).to.equal('throttled')
    expect(await outcome(people.bearer('acme', token))).to.equal('fine')
    people.clock.advance(540_000)
    expect(await outcome(people.basic('acme', 'ada', password))).to.equal('fine')
  })

  it('makes no row in an organization that does not exist', async () => {
    const people = new People()
    await outcome(people.basic('nowhere', 'ada', 'guessed it 1'))
    await outcome(people.bearer('nowhere', newToken('u')))
    const partitions: string[] = []
    for await (const { entry } of people.store.scan()) partitions.push(entry.key.partition.split('\0').slice(0, 2).join(' '))
    expect([...new Set(partitions)]).to.deep.equal(['. t'])
  })
})
