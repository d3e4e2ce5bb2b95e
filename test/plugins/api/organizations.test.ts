import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, instanceOf, type Management, memberOf, operatorOf } from '../../support/management.js'

describe('organizations of the management interface', () => {
  let house: House
  let instance: Management
  beforeEach(async () => {
    house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'files', format: 'raw' }] })
    instance = instanceOf(house)
  })
  afterEach(() => house.close())

  it('are made, shown, changed and listed by name', async () => {
    const made = await instance.send('POST', 'organizations', { name: 'delta', displayName: 'Delta Ltd' })
    const delta = made.json() as Record<string, unknown>
    expect([made.status, made.headers['content-type']]).to.deep.equal([201, 'application/json'])
    expect(delta).to.deep.equal({
      id: delta['id'],
      name: 'delta',
      displayName: 'Delta Ltd',
      status: 'active',
      readOnly: null,
      publicAllowed: true,
      disabledFormats: [],
      quota: null,
      undoDays: null,
      minPasswordLength: null,
      mfa: 'optional',
      mfaGraceDays: 14,
      passwordsOnArtifacts: 'allowed',
      codeOnPublish: false,
      holdLeavers: false,
      createdAt: delta['createdAt'],
    })
    expect(delta['id']).to.match(/^o_[a-z0-9]{20}$/)
    expect(delta['createdAt']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(await instance.done('GET', 'organizations/delta')).to.deep.equal(delta)
    const changed = await instance.done('PATCH', 'organizations/delta', { displayName: 'Delta', publicAllowed: false })
    expect(changed).to.deep.equal({ ...delta, displayName: 'Delta', publicAllowed: false })
    const list = await instance.done('GET', 'organizations')
    expect((list['items'] as { name: string }[]).map(({ name }) => name)).to.deep.equal(['acme', 'beta', 'delta'])
    expect(list['next']).to.equal(null)
    expect(await operatorOf(house, 'delta').done('GET', 'organization')).to.deep.equal(changed)
  })

  it('refuse a taken name, a malformed one, unknown fields and what is not there', async () => {
    expectRefusal(
      await instance.send('POST', 'organizations', { name: 'acme' }),
      409,
      'conflict',
      'An organization of this name exists already',
    )
    expectRefusal(
      await instance.send('POST', 'organizations', { name: '-acme' }),
      400,
      'invalid',
      "Not an organization name (lowercase letters, digits and '-', 63 at most): -acme",
    )
    for (const field of ['id', 'createdAt', 'quota', 'organizationId']) {
      expectRefusal(
        await instance.send('POST', 'organizations', { name: 'delta', [field]: 'x' }),
        400,
        'invalid',
        `The body is not as described: Unrecognized key: "${field}"`,
      )
    }
    const wrong = await instance.send('PATCH', 'organizations/acme', { status: 'closed' })
    expectRefusal(
      wrong,
      400,
      'invalid',
      'The body is not as described: status: Invalid option: expected one of "active"|"suspended"',
    )
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', {}],
      ['DELETE', undefined],
    ] as const) {
      expectRefusal(
        await instance.send(method, 'organizations/nowhere', body),
        404,
        'not-found',
        'organization not found: nowhere',
      )
    }
    expect((await instance.items('organizations')).map(({ name }) => name)).to.deep.equal(['acme', 'beta'])
  })

  it('are for the operator alone: whoever else asks is answered 401, whatever they are in their own', async () => {
    const answers = await Promise.all([
      house.call('GET', '/-/api/v1/organizations', { as: 'nobody' }),
      house.call('GET', '/-/api/v1/organizations', { as: 'olga' }),
      house.call('POST', '/-/api/v1/organizations', { as: 'olga', body: '{"name":"delta"}' }),
      house.call('GET', '/-/api/v1/organizations/acme', { as: 'olga' }),
      house.call('GET', '/-/api/v1/routes', { as: 'olga' }),
    ])
    expect(answers.map(({ status }) => status)).to.deep.equal([401, 401, 401, 401, 401])
    expect((await instance.items('organizations')).map(({ name }) => name)).to.deep.equal(['acme', 'beta'])
  })

  it('tell their members what they are, and nobody who is no reader of them', async () => {
    const shown = await memberOf(house, 'rita').done('GET', 'organization')
    expect(shown).to.deep.equal(await instance.done('GET', 'organizations/acme'))
    expectForbidden(await memberOf(house, 'gus').send('GET', 'organization'), 'organization.read')
  })

  it('let nobody in while they are suspended, and everybody again afterwards; the operator meanwhile', async () => {
    await house.call('PUT', '/acme/files/a.txt', { body: 'a' })
    await instance.done('PATCH', 'organizations/acme', { status: 'suspended' })
    for (const target of ['/acme/files/a.txt', '/acme/-/api/v1/organization', '/acme/-/api/v1/repositories']) {
      const suspended = await house.call('GET', target, { as: 'olga' })
      const missing = await house.call('GET', target.replace('acme', 'nowhere'), { as: 'olga' })
      expect([suspended.status, suspended.text()]).to.deep.equal([401, missing.text()])
    }
    expect((await house.call('GET', '/beta/files/', { as: 'bert' })).status).to.equal(200)
    expect((await operatorOf(house).done('GET', 'organization'))['status']).to.equal('suspended')
    await instance.done('PATCH', 'organizations/acme', { status: 'active' })
    expect((await house.call('GET', '/acme/files/a.txt')).text()).to.equal('a')
  })

  it('are gone at once when they are deleted: as if they had never been, and another of the name begins with nothing', async () => {
    await house.call('PUT', '/acme/files/a.txt', { body: 'a' })
    const before = await house.call('GET', '/nowhere/files/a.txt')
    expect((await instance.send('DELETE', 'organizations/acme')).status).to.equal(204)
    const after = await house.call('GET', '/acme/files/a.txt')
    expect([after.status, after.text()]).to.deep.equal([401, before.text()])
    expect((await house.call('GET', '/acme/-/api/v1/repositories', { as: 'olga' })).status).to.equal(401)
    expectRefusal(await operatorOf(house).send('GET', 'organization'), 404, 'not-found', 'organization not found: acme')

    await instance.done('POST', 'organizations', { name: 'acme' })
    expect(await operatorOf(house).items('repositories')).to.deep.equal([])
    expect(await operatorOf(house).items('members')).to.deep.equal([])
    expect((await house.call('GET', '/acme/files/a.txt')).status).to.equal(401)
  })

  it('that do not exist take nothing from the operator', async () => {
    const nowhere = operatorOf(house, 'nowhere')
    for (const [method, path, body] of [
      ['GET', 'members', undefined],
      ['POST', 'members', { name: 'mallory' }],
      ['POST', 'groups', { name: 'builders' }],
      ['POST', 'repositories', { name: 'files', format: 'raw' }],
      ['PUT', 'formats/raw', { enabled: false }],
      ['GET', 'no-such-route', undefined],
    ] as const) {
      expectRefusal(await nowhere.send(method, path, body), 404, 'not-found', 'organization not found: nowhere')
    }
    await instance.done('POST', 'organizations', { name: 'nowhere' })
    expect(await nowhere.items('members')).to.deep.equal([])
  })

  it('are served by routes that the operator can read, each with its permission', async () => {
    const routes = (await instance.send('GET', 'routes')).json() as Record<string, string>[]
    for (const route of routes) expect(Object.keys(route)).to.deep.equal(['plugin', 'mount', 'method', 'path', 'permission'])
    expect(routes).to.deep.equal([...house.kernel.routes()])
    expect(routes).to.deep.include({
      plugin: 'raw',
      mount: 'repository',
      method: 'PUT',
      path: '/{path+}',
      permission: 'artifacts.write',
    })
    const open = routes.filter(({ plugin, permission }) => plugin === 'api' && permission === 'none')
    expect(open.map(({ path }) => path)).to.deep.equal([
      '/v1/email/confirm',
      '/v1/email/revert',
      '/v1/password/forgot',
      '/v1/password/reset',
      '/v1/invitations/accept',
      '/v1/session',
      '/v1/openapi.json',
    ])
    expect(open.map(({ path }) => path)).to.deep.equal([
      '/v1/email/confirm',
      '/v1/email/revert',
      '/v1/password/forgot',
      '/v1/password/reset',
      '/v1/invitations/accept',
      '/v1/session',
      '/v1/openapi.json',
    ])
  })
})
