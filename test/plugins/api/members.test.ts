import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, type Management, memberOf, operatorOf, type Thing } from '../../support/management.js'

describe('members and groups of the management interface', () => {
  let house: House
  let operator: Management
  beforeEach(async () => {
    house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'files', format: 'raw' }] })
    operator = operatorOf(house)
  })
  afterEach(() => house.close())

  const names = (things: readonly Thing[]) => things.map(({ name }) => name)
  const basic = (login: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`,
  })

  it('are made, shown by name, e-mail and id, changed and removed; no answer has a password', async () => {
    const made = await operator.send('POST', 'members', {
      name: 'alice',
      email: 'a@acme.example',
      displayName: 'Alice A.',
      role: 'developer',
      password: 'seven-brown-foxes',
    })
    const alice = made.json() as Thing
    expect(made.status).to.equal(201)
    expect(alice).to.deep.equal({
      id: alice['id'],
      name: 'alice',
      kind: 'member',
      email: 'a@acme.example',
      displayName: 'Alice A.',
      role: 'developer',
      status: 'active',
      createdAt: alice['createdAt'],
    })
    for (const login of ['alice', 'ALICE', 'a%40acme.example', String(alice['id'])]) {
      expect(await operator.done('GET', `members/${login}`)).to.deep.equal(alice)
    }
    const headers = basic('a@acme.example', 'seven-brown-foxes')
    expect((await house.call('PUT', '/acme/files/a.txt', { as: 'nobody', headers, body: 'a' })).status).to.equal(201)

    const changed = await operator.done('PATCH', 'members/alice', { name: 'alicia', email: null, role: null })
    expect(changed).to.deep.equal({ ...alice, name: 'alicia', email: null, role: null })
    expect(names(await operator.items('members'))).to.deep.equal(['alicia', 'dora', 'gus', 'olga', 'rita'])
    expect((await operator.send('DELETE', 'members/alicia')).status).to.equal(204)
    expect(names(await operator.items('members'))).to.deep.equal(['dora', 'gus', 'olga', 'rita'])
    expectRefusal(await operator.send('GET', 'members/alicia'), 404, 'not-found', 'member not found: alicia')
  })

  it('refuse what cannot be, with the reason, and nobody is made', async () => {
    const create = (body: unknown) => operator.send('POST', 'members', body)
    expectRefusal(await create({ name: 'DORA' }), 409, 'conflict', 'This name belongs to a member already')
    expectRefusal(
      await create({ name: 'alice', password: 'short' }),
      422,
      'PASSWORD_POLICY',
      'A password has at least 8 characters',
      { reasons: ['too-short'] },
    )
    expectRefusal(
      await create({ name: 'ci', kind: 'service', password: 'seven-brown-foxes' }),
      400,
      'invalid',
      'A service account has no password; give it a token',
    )
    for (const field of ['isOwner', 'organizationId', 'id', 'createdAt', 'status']) {
      expectRefusal(
        await create({ name: 'alice', [field]: 'x' }),
        400,
        'invalid',
        `The body is not as described: Unrecognized key: "${field}"`,
      )
    }
    expectRefusal(
      await create({ name: 'alice', role: 'root' }),
      400,
      'invalid',
      'The body is not as described: role: Invalid option: expected one of "owner"|"admin"|"developer"|"reader"',
    )
    expect((await create({ name: 'a:b' })).status).to.equal(400)
    expect(names(await operator.items('members'))).to.deep.equal(['dora', 'gus', 'olga', 'rita'])
    for (const [method, path, body] of [
      ['PATCH', 'members/nobody', {}],
      ['PUT', 'members/nobody/password', { password: 'seven-brown-foxes' }],
      ['DELETE', 'members/nobody', undefined],
    ] as const) {
      expectRefusal(await operator.send(method, path, body), 404, 'not-found', 'member not found: nobody')
    }
  })

  it('keep their last owner, whoever asks', async () => {
    const refusal = 'The last active owner stays an owner'
    for (const [method, body] of [
      ['PATCH', { role: 'admin' }],
      ['PATCH', { role: null }],
      ['PATCH', { status: 'inactive' }],
      ['DELETE', undefined],
    ] as const) {
      expectRefusal(await operator.send(method, 'members/olga', body), 409, 'LAST_OWNER', refusal)
    }
    expect((await operator.done('GET', 'members/olga'))['role']).to.equal('owner')
    await operator.done('PATCH', 'members/rita', { role: 'owner' })
    await operator.done('PATCH', 'members/olga', { role: 'admin' })
    expectRefusal(await operator.send('DELETE', 'members/rita'), 409, 'LAST_OWNER', refusal)
  })

  it("cannot be read or managed with a member's token, an owner's included", async () => {
    for (const somebody of ['olga', 'dora', 'rita', 'gus'] as const) {
      const member = memberOf(house, somebody)
      for (const path of ['members', 'members/dora', 'groups']) {
        expectForbidden(await member.send('GET', path), 'members.read')
      }
      for (const [method, path, body] of [
        ['POST', 'members', { name: 'mallory', role: 'owner' }],
        ['PATCH', `members/${somebody}`, { role: 'owner' }],
        ['PUT', `members/${somebody}/password`, { password: 'seven-brown-foxes' }],
        ['DELETE', 'members/dora', undefined],
        ['POST', 'groups', { name: 'builders' }],
      ] as const) {
        expectForbidden(await member.send(method, path, body), 'members.manage')
      }
    }
    expect(names(await operator.items('members'))).to.deep.equal(['dora', 'gus', 'olga', 'rita'])
    expect((await operator.done('GET', 'members/gus'))['role']).to.equal(null)
  })

  it('are felt at the next request: a new password, a new role, deactivation, removal', async () => {
    const write = async (headers: Record<string, string>) =>
      (await house.call('PUT', '/acme/files/a.txt', { as: 'nobody', headers, body: 'a' })).status
    const token = { authorization: `Bearer ${house.token('dora')}` }
    const old = basic('dora', house.password('dora'))
    expect([await write(old), await write(token)]).to.deep.equal([201, 200])

    expect((await operator.send('PUT', 'members/dora/password', { password: 'eight-brown-foxes' })).status).to.equal(204)
    const current = basic('dora', 'eight-brown-foxes')
    expect([await write(old), await write(current), await write(token)]).to.deep.equal([401, 200, 200])

    await operator.done('PATCH', 'members/dora', { role: 'reader' })
    expect([await write(current), await write(token)]).to.deep.equal([403, 403])
    await operator.done('PATCH', 'members/dora', { role: null })
    expect([await write(current), await write(token)]).to.deep.equal([404, 404])
    await operator.done('PATCH', 'members/dora', { role: 'developer', status: 'inactive' })
    expect([await write(current), await write(token)]).to.deep.equal([401, 401])
    await operator.done('PATCH', 'members/dora', { status: 'active' })
    expect([await write(current), await write(token)], 'a token of before is dead for good').to.deep.equal([200, 401])
    await operator.done('DELETE', 'members/dora')
    expect([await write(current), await write(token)]).to.deep.equal([401, 401])
    await operator.done('POST', 'members', { name: 'dora', role: 'developer', password: 'nine-brown-foxes' })
    expect([await write(current), await write(token)]).to.deep.equal([401, 401])
  })

  it('stand in groups, which are made, renamed, filled, emptied and removed', async () => {
    const made = await operator.send('POST', 'groups', { name: 'builders' })
    const group = made.json() as Thing
    expect([made.status, group]).to.deep.equal([
      201,
      { id: group['id'], name: 'builders', memberCount: 0, provisioned: false, createdAt: group['createdAt'] },
    ])
    expect(await operator.done('PUT', 'groups/builders/members/gus')).to.deep.equal({ ...group, memberCount: 1 })
    expect(await operator.done('PUT', 'groups/builders/members/gus')).to.deep.equal({ ...group, memberCount: 1 })
    expect(await operator.done('PUT', 'groups/builders/members/rita')).to.deep.equal({ ...group, memberCount: 2 })
    expect(names(await operator.items('groups/builders/members')).toSorted()).to.deep.equal(['gus', 'rita'])
    expect(await operator.done('DELETE', 'groups/builders/members/gus')).to.deep.equal({ ...group, memberCount: 1 })
    expect(await operator.done('DELETE', 'groups/builders/members/gus')).to.deep.equal({ ...group, memberCount: 1 })
    expect(await operator.items('groups/builders/members')).to.deep.equal([await operator.done('GET', 'members/rita')])
    expect(await operator.done('PATCH', 'groups/builders', { name: 'Makers' })).to.deep.equal({
      ...group,
      name: 'Makers',
      memberCount: 1,
    })
    expect(await operator.items('groups')).to.deep.equal([await operator.done('GET', 'groups/makers')])
    expectRefusal(
      await operator.send('POST', 'groups', { name: 'MAKERS' }),
      409,
      'conflict',
      'A group of this name exists already',
    )
    expectRefusal(await operator.send('PUT', 'groups/makers/members/nobody'), 404, 'not-found', 'member not found: nobody')
    await operator.done('DELETE', 'members/rita')
    expect((await operator.done('GET', 'groups/makers'))['memberCount']).to.equal(0)
    expect((await operator.send('DELETE', 'groups/makers')).status).to.equal(204)
    for (const [method, path] of [
      ['GET', 'groups/makers'],
      ['GET', 'groups/makers/members'],
      ['DELETE', 'groups/makers'],
      ['PUT', 'groups/makers/members/gus'],
    ] as const) {
      expectRefusal(await operator.send(method, path), 404, 'not-found', 'group not found: makers')
    }
  })

  it('of another organization can neither be named nor put into a group', async () => {
    const { id } = await operatorOf(house, 'beta').done('GET', 'members/bert')
    await operator.done('POST', 'groups', { name: 'builders' })
    for (const foreign of ['bert', String(id)]) {
      expectRefusal(await operator.send('GET', `members/${foreign}`), 404, 'not-found', `member not found: ${foreign}`)
      expectRefusal(
        await operator.send('PUT', `groups/builders/members/${foreign}`),
        404,
        'not-found',
        `member not found: ${foreign}`,
      )
    }
    const { id: group } = await operatorOf(house, 'beta').done('POST', 'groups', { name: 'others' })
    expectRefusal(await operator.send('GET', `groups/${group}`), 404, 'not-found', `group not found: ${group}`)
  })
})
