import { expect } from 'chai'
import type { House } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { Provider, scimHouse, urn } from '../../support/scim.js'

describe('two processes that serve one organization to an identity provider', () => {
  let here: House
  let there: House
  let okta: Provider
  let other: Provider
  beforeEach(async () => {
    here = await scimHouse()
    there = await scimHouse({ beside: here })
    okta = await Provider.of(here)
    other = new Provider(there, okta.token)
  })
  afterEach(async () => {
    await there.close()
    await here.close()
  })

  it('make one user of two requests for the same name, and see at once what the other one did', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        (at % 2 ? okta : other).send('POST', '/Users', { schemas: [urn.user], userName: at % 3 ? 'eve' : 'EVE' }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array.from({ length: 9 }, () => 409)])
    expect((await okta.names('userName eq "eve"')).length).to.equal(1)
    expect((await other.list('/Users')).totalResults).to.equal((await okta.list('/Users')).totalResults)
  })

  it('end a leaver on the next request at the other one, within milliseconds', async () => {
    const [dora] = (await okta.list('/Users?filter=userName+eq+%22dora%22')).Resources
    const look = async () => (await there.call('GET', '/acme/files/', { as: 'dora' })).status
    expect(await look()).to.equal(200)
    const sent = performance.now()
    await okta.patch(`/Users/${dora?.id}`, { op: 'Replace', path: 'active', value: 'False' })
    const done = performance.now()
    expect(await look()).to.equal(401)
    process.stdout.write(
      `      deactivated in ${(done - sent).toFixed(1)} ms, refused elsewhere ${(performance.now() - done).toFixed(1)} ms later\n`,
    )
    const leavers = await operatorOf(there).items('reports/leavers')
    expect(leavers[0]).to.deep.include({ how: 'deactivated' })
  })

  it('take both changes of one group, and a cursor that the other one gave', async () => {
    const users = await Promise.all(Array.from({ length: 4 }, (_, at) => okta.user(`user-${at}`)))
    const { id } = await okta.group('Makers')
    const add = (provider: Provider, value = '') =>
      provider.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: [{ value }] })
    const answers = await Promise.all(users.map((user, at) => add(at % 2 ? okta : other, user.id)))
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200])
    const { members } = (await other.done(200, 'GET', `/Groups/${id}`)) as unknown as { members: unknown[] }
    expect(members.length).to.equal(4)
    const first = await okta.list('/Users?cursor&count=3')
    const rest = await other.list(`/Users?cursor=${first.nextCursor}&count=3`)
    expect(rest.Resources.length).to.equal(3)
    expect(first.Resources.filter((user) => rest.Resources.some((one) => one.id === user.id))).to.deep.equal([])
  })

  it('know at once that a token was revoked at the other one', async () => {
    expect((await other.send('GET', '/Users')).status).to.equal(200)
    const [{ id } = { id: '' }] = await operatorOf(here).items('scim-tokens')
    await operatorOf(here).done('DELETE', `scim-tokens/${id}`)
    expect((await other.send('GET', '/Users')).status).to.equal(401)
  })
})
