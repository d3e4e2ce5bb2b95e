import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'
import { expectForbidden, expectRefusal, type Management, memberOf, operatorOf } from '../../support/management.js'

describe('grants of the management interface', () => {
  let house: House
  let operator: Management
  beforeEach(async () => {
    const repositories = [
      { name: 'files', format: 'raw' },
      { name: 'other', format: 'raw' },
    ]
    house = await openHouse({ plugins: [raw, api], repositories })
    operator = operatorOf(house)
    await operator.done('POST', 'groups', { name: 'builders' })
  })
  afterEach(() => house.close())

  /** gus has no role: all that he may do is what grants give. */
  const put = async (path: string, body = 'x') => (await house.call('PUT', `/acme/${path}`, { as: 'gus', body })).status
  const get = async (path: string) => (await house.call('GET', `/acme/${path}`, { as: 'gus' })).status
  const remove = async (path: string) => (await house.call('DELETE', `/acme/${path}`, { as: 'gus' })).status

  it('give a member one level on one repository, each level with those before it', async () => {
    await house.call('PUT', '/acme/files/a.txt', { body: 'a' })
    await house.call('PUT', '/acme/other/a.txt', { body: 'a' })
    expect([await get('files/a.txt'), await put('files/b.txt')]).to.deep.equal([404, 404])
    const grant = { subject: 'member:gus', repository: 'files', level: 'read' }
    expect((await operator.send('PUT', 'grants', grant)).status).to.equal(204)
    expect([await get('files/a.txt'), await put('files/b.txt'), await remove('files/a.txt')]).to.deep.equal([200, 403, 403])
    await operator.done('PUT', 'grants', { ...grant, level: 'write' })
    expect([await get('files/a.txt'), await put('files/b.txt'), await remove('files/a.txt')]).to.deep.equal([200, 201, 403])
    await operator.done('PUT', 'grants', { ...grant, level: 'delete' })
    expect([await put('files/c.txt'), await remove('files/a.txt')]).to.deep.equal([201, 204])
    expect([await get('other/a.txt'), await put('other/b.txt')]).to.deep.equal([404, 404])
    expect(await operator.items('grants')).to.deep.equal([{ ...grant, level: 'delete', path: null }])
    expect((await operator.send('DELETE', 'grants?subject=member%3Agus&repository=files')).status).to.equal(204)
    expect(await get('files/b.txt')).to.equal(404)
    expect(await operator.items('grants')).to.deep.equal([])
  })

  it('give by group, on all repositories at once, until the member leaves the group or the group is gone', async () => {
    await house.call('PUT', '/acme/files/a.txt', { body: 'a' })
    await operator.done('PUT', 'grants', { subject: 'builders', repository: '*', level: 'write' })
    expect(await get('files/a.txt')).to.equal(404)
    await operator.done('PUT', 'groups/builders/members/gus')
    expect([await get('files/a.txt'), await put('other/b.txt')]).to.deep.equal([200, 201])
    await operator.done('POST', 'repositories', { name: 'later', format: 'raw' })
    expect(await put('later/b.txt')).to.equal(201)
    await operator.done('DELETE', 'groups/builders/members/gus')
    expect(await get('files/a.txt')).to.equal(404)
    await operator.done('PUT', 'groups/builders/members/gus')
    expect(await get('files/a.txt')).to.equal(200)
    await operator.done('DELETE', 'groups/builders')
    expect(await get('files/a.txt')).to.equal(404)
    expect(await operator.items('grants')).to.deep.equal([])
  })

  it('reach below a path by whole segments, and nothing beside it', async () => {
    for (const path of ['team/a/one.txt', 'team/ab/one.txt', 'top.txt']) {
      await house.call('PUT', `/acme/files/${path}`, { body: 'x' })
    }
    await operator.done('PUT', 'grants', { subject: 'member:gus', repository: 'files', level: 'write', path: 'team/a' })
    expect([await get('files/team/a/one.txt'), await put('files/team/a/deep/two.txt')]).to.deep.equal([200, 201])
    for (const path of ['files/team/ab/one.txt', 'files/top.txt']) {
      expect([await get(path), await put(path)], path).to.deep.equal([403, 403])
    }
    expect(await put('files/team/a/../ab/two.txt')).to.equal(400)
    expect(await put('files/team/a%2f..%2fab/two.txt')).to.equal(400)
    await operator.done('PUT', 'grants', { subject: 'member:gus', repository: 'files', level: 'read' })
    expect(await operator.items('grants')).to.deep.equal([
      { subject: 'member:gus', repository: 'files', level: 'read', path: null },
      { subject: 'member:gus', repository: 'files', level: 'write', path: 'team/a' },
    ])
    expect([await get('files/top.txt'), await put('files/top.txt'), await put('files/team/a/3.txt')]).to.deep.equal([
      200, 403, 201,
    ])
    await operator.done('DELETE', 'grants?subject=member%3Agus&repository=files&path=team%2Fa')
    expect([await get('files/top.txt'), await put('files/team/a/4.txt')]).to.deep.equal([200, 403])
  })

  it('go with their member and their repository', async () => {
    await operator.done('POST', 'members', { name: 'ci', kind: 'service' })
    await operator.done('PUT', 'grants', { subject: 'service:ci', repository: 'files', level: 'write' })
    await operator.done('PUT', 'grants', { subject: 'member:gus', repository: 'other', level: 'write' })
    expect(await operator.items('grants')).to.have.length(2)
    await operator.done('DELETE', 'members/ci')
    await operator.done('DELETE', 'repositories/other')
    await operator.done('POST', 'repositories', { name: 'other', format: 'raw' })
    expect(await operator.items('grants')).to.deep.equal([])
    expect(await put('other/a.txt')).to.equal(404)
  })

  it('tell a group whose name looks like a member from that member', async () => {
    await operator.done('POST', 'groups', { name: 'member:gus' })
    await operator.done('PUT', 'grants', { subject: 'group:member:gus', repository: 'files', level: 'read' })
    expect(await get('files/')).to.equal(404)
    expect(await operator.items('grants')).to.deep.equal([
      { subject: 'group:member:gus', repository: 'files', level: 'read', path: null },
    ])
  })

  it("are neither read nor given with a member's token", async () => {
    const own = { subject: 'member:gus', repository: '*', level: 'administer' }
    for (const somebody of ['olga', 'dora', 'rita', 'gus'] as const) {
      const member = memberOf(house, somebody)
      expectForbidden(await member.send('GET', 'grants'), 'repositories.manage')
      expectForbidden(await member.send('PUT', 'grants', own), 'repositories.manage')
      expectForbidden(await member.send('DELETE', 'grants?subject=builders&repository=files'), 'repositories.manage')
    }
    expect(await operator.items('grants')).to.deep.equal([])
  })

  it('refuse subjects, repositories and levels that are none, and nothing is given', async () => {
    const set = (change: object) =>
      operator.send('PUT', 'grants', { subject: 'builders', repository: 'files', level: 'read', ...change })
    expectRefusal(await set({ subject: 'nobody' }), 404, 'not-found', 'group not found: nobody')
    expectRefusal(await set({ subject: 'member:nobody' }), 404, 'not-found', 'member not found: nobody')
    expectRefusal(await set({ subject: 'service:gus' }), 400, 'invalid', 'gus is a member, not a service')
    expectRefusal(await set({ repository: 'missing' }), 404, 'not-found', 'repository not found: missing')
    expectRefusal(
      await set({ level: 'own' }),
      400,
      'invalid',
      'The body is not as described: level: Invalid option: expected one of "read"|"write"|"delete"|"administer"',
    )
    expectRefusal(await set({ by: 'me' }), 400, 'invalid', 'The body is not as described: Unrecognized key: "by"')
    for (const path of ['/a', 'a/', 'a/../b', '.']) {
      expectRefusal(await set({ path }), 400, 'invalid', 'A path prefix is made of whole segments, without slashes at its ends')
    }
    const missing = 'grants?subject=builders&repository=files&path=a%2Fb'
    expectRefusal(await operator.send('DELETE', missing), 404, 'not-found', 'grant not found: builders on files below a/b')
    expectRefusal(
      await operator.send('DELETE', 'grants?subject=builders'),
      400,
      'invalid',
      'The query is not as described: repository: Invalid input: expected string, received undefined',
    )
    expect(await operator.items('grants')).to.deep.equal([])
  })
})
