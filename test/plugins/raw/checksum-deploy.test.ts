import { createHash } from 'node:crypto'
import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse, type Somebody } from '../../support/house.js'

const hex = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex')

describe('a checksum deploy', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse({
      plugins: [raw, api],
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'others', format: 'raw' },
        { name: 'small', format: 'raw', maxSize: 3 },
      ],
    })
    await house.call('PUT', '/acme/others/there', { body: 'known', headers: { 'content-type': 'text/csv' } })
    const given = await house.call('PUT', '/acme/-/api/v1/grants', {
      as: 'nobody',
      headers: { authorization: `Bearer ${house.operatorToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ subject: 'member:gus', repository: 'files', level: 'write' }),
    })
    expect(given.status).to.equal(204)
  })
  afterEach(() => house.close())

  const deploy = (target: string, headers: Record<string, string>, as: Somebody = 'dora', body?: string) =>
    house.call('PUT', target, {
      as,
      headers: { 'x-checksum-deploy': 'true', ...headers },
      ...(body === undefined ? {} : { body }),
    })
  const known = { 'x-checksum-sha256': hex('sha256', 'known') }

  it('gives known bytes one more name without their being sent or written again', async () => {
    const blobs = await house.storedBlobs()
    const answer = await deploy('/acme/files/a/copy', { ...known, 'x-checksum-md5': hex('md5', 'known') })
    expect(answer.status).to.equal(201)
    expect(answer.headers['location']).to.equal(`${house.url}/acme/files/a/copy`)
    expect(await house.storedBlobs()).to.equal(blobs)
    await house.call('DELETE', '/acme/others/there', { as: 'olga' })
    const file = await house.call('GET', '/acme/files/a/copy')
    expect([file.text(), file.headers['content-type']]).to.deep.equal(['known', 'text/csv'])
    expect((await deploy('/acme/files/a/copy', known)).status, 'again').to.equal(200)
  })

  it('of unknown bytes is 404, so that its client sends them', async () => {
    expect((await deploy('/acme/files/f', { 'x-checksum-sha256': hex('sha256', 'unknown') })).status).to.equal(404)
    expect(await house.storedFiles()).to.deep.equal(['acme/others/there'])
  })

  it('by a digest for which other bytes can be made is 404 too', async () => {
    for (const name of ['sha1', 'md5'])
      expect((await deploy('/acme/files/f', { [`x-checksum-${name}`]: hex(name, 'known') })).status, name).to.equal(404)
    expect((await deploy('/acme/files/f', {})).status).to.equal(404)
  })

  it('never reaches into another organization, whose bytes it would tell of', async () => {
    await house.call('PUT', '/beta/files/secret', { as: 'bert', body: 'of beta' })
    expect((await deploy('/acme/files/f', { 'x-checksum-sha256': hex('sha256', 'of beta') })).status).to.equal(404)
    expect((await deploy('/beta/files/f', known, 'bert')).status).to.equal(404)
  })

  it('finds nothing in a repository that its caller may not read, nor what was removed', async () => {
    expect((await deploy('/acme/files/f', known, 'gus')).status).to.equal(404)
    await house.call('PUT', '/acme/files/readable', { body: 'known' })
    expect((await deploy('/acme/files/f', known, 'gus')).status).to.equal(201)
    await house.call('PUT', '/acme/files/gone', { body: 'gone' })
    await house.call('DELETE', '/acme/files/gone', { as: 'olga' })
    expect((await deploy('/acme/files/g', { 'x-checksum-sha256': hex('sha256', 'gone') })).status).to.equal(404)
  })

  it('holds conditions, limits and folders like any upload, and has no body', async () => {
    await house.call('PUT', '/acme/files/f', { body: 'other' })
    expect((await deploy('/acme/files/f', { ...known, 'if-none-match': '*' })).status).to.equal(412)
    expect((await deploy('/acme/files/f/g', known)).status).to.equal(409)
    expect((await deploy('/acme/small/f', known)).status).to.equal(413)
    expect((await deploy('/acme/files/f', known, 'dora', 'body')).status).to.equal(400)
    expect((await deploy('/acme/files/f', known, 'rita')).status).to.equal(403)
    expect((await house.call('GET', '/acme/files/f')).text()).to.equal('other')
  })
})
