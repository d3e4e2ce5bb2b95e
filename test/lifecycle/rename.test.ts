import { expect } from 'chai'
import type { House } from '../support/house.js'
import { instanceOf, memberOf, operatorOf } from '../support/management.js'
import { openShelves } from '../support/shelves.js'

describe('renaming', () => {
  let house: House
  beforeEach(async () => {
    house = await openShelves()
    await house.call('PUT', '/acme/raw/a.txt', { body: 'a' })
  })
  afterEach(() => house.close())

  const get = async (target: string, headers = {}) => (await house.call('GET', target, { headers })).status

  it('a repository moves its address at once, keeps files, grants and host name, and its old address is free', async () => {
    await operatorOf(house).done('PATCH', 'repositories/raw', { host: 'files.example.com' })
    await operatorOf(house).done('PUT', 'grants', { subject: 'member:gus', repository: 'raw', level: 'read' })
    const { id } = await operatorOf(house).done('GET', 'repositories/raw')
    const renamed = await operatorOf(house).done('PATCH', 'repositories/raw', { name: 'files' })
    expect(renamed).to.deep.include({ id, name: 'files', host: 'files.example.com' })
    expect([await get('/acme/files/a.txt'), await get('/acme/raw/a.txt')]).to.deep.equal([200, 404])
    expect(await get('/a.txt', { host: 'files.example.com' })).to.equal(200)
    expect((await house.call('GET', '/acme/files/a.txt', { as: 'gus' })).status).to.equal(200)
    expect(await house.storedFiles()).to.deep.equal(['acme/files/a.txt'])
    await operatorOf(house).done('POST', 'repositories', { name: 'raw', format: 'raw' })
    expect(await get('/acme/raw/a.txt')).to.equal(404)
  })

  it('is refused where the name is taken or malformed, or the right is missing, and changes nothing', async () => {
    const patch = (body: object) => operatorOf(house).send('PATCH', 'repositories/raw', body)
    expect((await patch({ name: 'npm' })).status).to.equal(409)
    expect((await patch({ name: '-/x' })).status).to.equal(400)
    expect((await memberOf(house, 'dora').send('PATCH', 'repositories/raw', { name: 'files' })).status).to.equal(403)
    expect((await instanceOf(house).send('PATCH', 'organizations/acme', { name: 'beta' })).status).to.equal(409)
    expect((await instanceOf(house).send('PATCH', 'organizations/acme', { name: 'Not a name' })).status).to.equal(400)
    expect((await memberOf(house, 'olga').send('GET', 'repositories/npm')).status).to.equal(200)
    expect(await get('/acme/raw/a.txt')).to.equal(200)
  })

  it('an organization moves with everything in it; its old address knows nobody', async () => {
    const { id } = await instanceOf(house).done('GET', 'organizations/acme')
    expect(await instanceOf(house).done('PATCH', 'organizations/acme', { name: 'zenith' })).to.deep.include({
      id,
      name: 'zenith',
    })
    expect(await get('/zenith/raw/a.txt')).to.equal(200)
    // A credential is looked up inside the organization of the address: there is none any more.
    expect(await get('/acme/raw/a.txt')).to.equal(401)
    expect((await instanceOf(house).items('organizations')).map(({ name }) => name)).to.deep.equal(['beta', 'zenith'])
    await instanceOf(house).done('POST', 'organizations', { name: 'acme' })
    expect((await operatorOf(house).items('repositories')).length).to.equal(0)
    expect((await operatorOf(house, 'zenith').items('repositories')).length).to.equal(8)
  })
})
