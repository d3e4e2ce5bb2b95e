import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import {
  expectForbidden,
  expectRefusal,
  instanceOf,
  type Management,
  memberOf,
  operatorOf,
  type Thing,
} from '../../support/management.js'

describe('repositories of the management interface', () => {
  let house: House
  let operator: Management
  beforeEach(async () => {
    house = await openHouse({ plugins: [raw, npm, api], repositories: [{ name: 'files', format: 'raw' }] })
    operator = operatorOf(house)
  })
  afterEach(() => house.close())

  const names = (things: readonly Thing[]) => things.map(({ name }) => name)

  it('are made with everything that can be said of them, and shown as they were made', async () => {
    const wanted = {
      name: 'releases',
      format: 'raw',
      kind: 'hosted',
      policy: 'release',
      public: true,
      writePolicy: 'once',
      layoutPolicy: 'permissive',
      webdav: true,
      portableNames: true,
      indexPages: false,
      verifySidecars: true,
      maxSize: 1024,
      host: 'files.acme.example',
    }
    const made = await operator.send('POST', 'repositories', wanted)
    const { id, createdAt, ...rest } = made.json() as Thing
    expect([made.status, rest]).to.deep.equal([201, wanted])
    expect(id).to.match(/^r_[a-z0-9]{20}$/)
    expect(await operator.done('GET', 'repositories/releases')).to.deep.equal({ id, createdAt, ...wanted })
    expect(names(await operator.items('repositories'))).to.deep.equal(['files', 'releases'])
  })

  it('have the defaults of the house', async () => {
    const { id: _, createdAt: __, ...made } = await operator.done('POST', 'repositories', { name: 'js', format: 'npm' })
    expect(made).to.deep.equal({
      name: 'js',
      format: 'npm',
      kind: 'hosted',
      policy: 'mixed',
      public: false,
      writePolicy: 'replace',
      layoutPolicy: 'strict',
      webdav: false,
      portableNames: false,
      indexPages: false,
      verifySidecars: false,
      maxSize: null,
      host: null,
    })
  })

  it('refuse what cannot be, with the reason, and nothing is made', async () => {
    const create = (body: unknown) => operator.send('POST', 'repositories', body)
    const shape = 'The body is not as described: '
    expectRefusal(await create({ name: 'files', format: 'raw' }), 409, 'conflict', 'A repository of this name exists already')
    expectRefusal(
      await create({ name: 'Files', format: 'raw' }),
      400,
      'invalid',
      "Not a repository name (lowercase letters, digits, '.', '_' and '-', 63 at most): Files",
    )
    expectRefusal(
      await create({ name: 'debs', format: 'debian' }),
      400,
      'invalid',
      'Unknown format: debian (installed: npm, raw)',
    )
    expectRefusal(await create({ name: 'debs', format: 'api' }), 400, 'invalid', 'Unknown format: api (installed: npm, raw)')
    for (const kind of ['proxy', 'group']) {
      expectRefusal(
        await create({ name: 'central', format: 'npm', kind }),
        400,
        'invalid',
        `Repositories of kind ${kind} are not part of this version; hosted ones are`,
      )
    }
    for (const field of ['id', 'organizationId', 'createdAt', 'upstream']) {
      expectRefusal(
        await create({ name: 'more', format: 'raw', [field]: 'x' }),
        400,
        'invalid',
        `${shape}Unrecognized key: "${field}"`,
      )
    }
    expectRefusal(
      await create({ format: 'raw' }),
      400,
      'invalid',
      `${shape}name: Invalid input: expected string, received undefined`,
    )
    expectRefusal(await create(undefined), 415, 'content-type', 'The body has to be application/json')
    expectRefusal(
      await create({ name: 'more', format: 'raw', host: '127.0.0.1' }),
      400,
      'invalid',
      'A repository has a host name of its own, not an address',
    )
    expect(names(await operator.items('repositories'))).to.deep.equal(['files'])
  })

  it('change by what the patch names; null takes away; a host name belongs to one alone', async () => {
    const before = await operator.done('GET', 'repositories/files')
    const set = await operator.done('PATCH', 'repositories/files', { public: true, maxSize: 10, host: 'files.acme.example' })
    expect(set).to.deep.equal({ ...before, public: true, maxSize: 10, host: 'files.acme.example' })
    expect(await operator.done('PATCH', 'repositories/files', { maxSize: null })).to.deep.equal({ ...set, maxSize: null })
    expectRefusal(
      await operatorOf(house, 'beta').send('PATCH', 'repositories/files', { host: 'files.acme.example' }),
      409,
      'conflict',
      'This host name belongs to a repository already',
    )
    await operator.done('PATCH', 'repositories/files', { host: null })
    await operatorOf(house, 'beta').done('PATCH', 'repositories/files', { host: 'files.acme.example' })
    for (const body of [{ id: 'r_other' }, { format: 'npm' }, { kind: 'proxy' }]) {
      expectRefusal(
        await operator.send('PATCH', 'repositories/files', body),
        400,
        'invalid',
        `The body is not as described: Unrecognized key: "${Object.keys(body)[0]}"`,
      )
    }
  })

  it('are not found where there is none, by whatever is asked', async () => {
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', {}],
      ['DELETE', undefined],
    ] as const) {
      expectRefusal(await operator.send(method, 'repositories/missing', body), 404, 'not-found', 'repository not found: missing')
    }
  })

  it('are shown to those who may read them, and managed by no token of a member, an owner included', async () => {
    for (const somebody of ['olga', 'dora', 'rita'] as const) {
      const member = memberOf(house, somebody)
      expect(names(await member.items('repositories'))).to.deep.equal(['files'])
      expect(await member.done('GET', 'repositories/files')).to.deep.equal(await operator.done('GET', 'repositories/files'))
      for (const [method, path, body] of [
        ['POST', 'repositories', { name: 'mine', format: 'raw' }],
        ['PATCH', 'repositories/files', { public: true }],
        ['DELETE', 'repositories/files', undefined],
      ] as const) {
        expectForbidden(await member.send(method, path, body), 'repositories.manage')
      }
    }
    expectForbidden(await memberOf(house, 'gus').send('GET', 'repositories'), 'repositories.read')
    expect((await operator.done('GET', 'repositories/files'))['public']).to.equal(false)
  })

  it('of another organization are no more there than no organization is', async () => {
    for (const path of ['repositories', 'repositories/files', 'members', 'formats', 'no-such-thing']) {
      const [foreign, missing] = await Promise.all([
        memberOf(house, 'bert', 'acme').send('GET', path),
        memberOf(house, 'bert', 'nowhere').send('GET', path),
      ])
      const headers = (answer: typeof foreign, organization: string) =>
        answer.headers['www-authenticate']?.replace(organization, '…')
      expect([foreign.status, foreign.text(), headers(foreign, 'acme')]).to.deep.equal([
        401,
        missing.text(),
        headers(missing, 'nowhere'),
      ])
    }
    const { id } = await operatorOf(house, 'beta').done('GET', 'repositories/files')
    for (const unknown of [id, 'r_00000000000000000000']) {
      expectRefusal(await operator.send('GET', `repositories/${unknown}`), 404, 'not-found', `repository not found: ${unknown}`)
    }
  })

  it('are gone at once with all that lies in them, and begin with nothing under the same name', async () => {
    await house.call('PUT', '/acme/files/docs/a.txt', { body: 'of acme' })
    await house.call('PUT', '/beta/files/docs/a.txt', { as: 'bert', body: 'of beta' })
    expect((await operator.send('DELETE', 'repositories/files')).status).to.equal(204)
    expect((await house.call('GET', '/acme/files/docs/a.txt')).status).to.equal(404)
    expect((await house.call('PUT', '/acme/files/docs/a.txt', { body: 'more' })).status).to.equal(404)

    await operator.done('POST', 'repositories', { name: 'files', format: 'raw' })
    expect((await house.call('GET', '/acme/files/docs/a.txt')).status).to.equal(404)
    await house.call('PUT', '/acme/files/docs/b.txt', { body: 'second' })
    const listing = await house.call('GET', '/acme/files/docs/', { headers: { accept: 'application/json' } })
    expect(listing.text()).to.contain('b.txt')
    expect(listing.text()).to.not.contain('a.txt')
    expect((await house.call('GET', '/beta/files/docs/a.txt', { as: 'bert' })).text()).to.equal('of beta')
  })

  it('are readable without credentials where both the repository and the organization say so, and never writable', async () => {
    await house.call('PUT', '/acme/files/a.txt', { body: 'a' })
    const read = async () => (await house.call('GET', '/acme/files/a.txt', { as: 'nobody' })).status
    expect(await read()).to.equal(401)
    await operator.done('PATCH', 'repositories/files', { public: true })
    expect(await read()).to.equal(200)
    expect((await house.call('PUT', '/acme/files/b.txt', { as: 'nobody', body: 'b' })).status).to.equal(401)
    expect((await house.call('GET', '/acme/files/a.txt', { as: 'gus' })).status).to.equal(200)
    await instanceOf(house).done('PATCH', 'organizations/acme', { publicAllowed: false })
    expect(await read()).to.equal(401)
    await instanceOf(house).done('PATCH', 'organizations/acme', { publicAllowed: true })
    await operator.done('PATCH', 'repositories/files', { public: false })
    expect(await read()).to.equal(401)
  })

  it('of a format that is switched off answer their readers 403 with the reason, and have everything again once it is on', async () => {
    await house.call('PUT', '/acme/files/a.txt', { body: 'a' })
    expect((await operator.send('GET', 'formats')).json()).to.deep.equal([
      { name: 'raw', version: raw.version, enabled: true },
      { name: 'npm', version: npm.version, enabled: true },
    ])
    expect((await operator.send('PUT', 'formats/raw', { enabled: false })).status).to.equal(204)
    const reader = await house.call('GET', '/acme/files/a.txt', { as: 'rita' })
    expect([reader.status, reader.text()]).to.deep.equal([403, 'The format raw is switched off in this organization\n'])
    expect((await house.call('GET', '/acme/files/a.txt', { as: 'gus' })).status).to.equal(404)
    expect((await house.call('GET', '/acme/files/a.txt', { as: 'nobody' })).status).to.equal(401)
    expectRefusal(
      await operator.send('POST', 'repositories', { name: 'more', format: 'raw' }),
      403,
      'format-disabled',
      'The format raw is switched off in this organization',
    )
    expect((await house.call('GET', '/beta/files/', { as: 'bert' })).status).to.equal(200)
    expect((await memberOf(house, 'rita').send('GET', 'formats')).json()).to.deep.include({
      name: 'raw',
      version: raw.version,
      enabled: false,
    })
    expectForbidden(await memberOf(house, 'rita').send('PUT', 'formats/raw', { enabled: true }), 'organization.manage')
    await operator.done('PUT', 'formats/raw', { enabled: true })
    expect((await house.call('GET', '/acme/files/a.txt', { as: 'rita' })).text()).to.equal('a')
  })

  it('name no format that is not installed, nor the management interface itself', async () => {
    for (const format of ['debian', 'api', '*']) {
      expectRefusal(
        await operator.send('PUT', `formats/${format}`, { enabled: false }),
        400,
        'invalid',
        `Unknown format: ${format} (installed: npm, raw)`,
      )
    }
  })
})
