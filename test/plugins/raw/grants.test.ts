import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'

describe('a grant on a folder of a raw repository', () => {
  let house: House
  before(async () => {
    house = await openHouse({ plugins: [raw, api], repositories: [{ name: 'files', format: 'raw' }] })
    for (const path of ['a/b/seen', 'a/bc', 'a/other', 'c']) await house.call('PUT', `/acme/files/${path}`, { body: path })
    const given = await house.call('PUT', '/acme/-/api/v1/grants', {
      as: 'nobody',
      headers: { authorization: `Bearer ${house.operatorToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ subject: 'member:gus', repository: 'files', level: 'write', path: 'a/b' }),
    })
    expect(given.status).to.equal(204)
  })
  after(() => house.close())

  const statuses = async (method: string, paths: readonly string[]) => {
    const answers = paths.map((path) =>
      house.call(method, `/acme/files/${path}`, { as: 'gus', ...(method === 'PUT' ? { body: 'x' } : {}) }),
    )
    return (await Promise.all(answers)).map(({ status }) => status)
  }

  it('covers what lies below it, by whole segments of the canonical path', async () => {
    expect(await statuses('GET', ['a/b/seen', 'a/b/', 'a//b/seen', 'a/%62/seen', 'a/b/seen.sha256'])).to.deep.equal(
      Array(5).fill(200),
    )
    expect(await statuses('PUT', ['a/b/new', 'a/b/deep/new'])).to.deep.equal([201, 201])
  })

  it('covers nothing beside or above it, existing or not', async () => {
    for (const method of ['GET', 'HEAD', 'PUT']) {
      expect(await statuses(method, ['a/bc', 'a/bd', 'a/other', 'a/none', 'c', 'a/bc.sha256']), method).to.deep.equal(
        Array(6).fill(403),
      )
    }
    expect(await statuses('GET', ['', 'a/', 'a'])).to.deep.equal([403, 403, 403])
    expect(await statuses('DELETE', ['a/b/seen'])).to.deep.equal([403])
    expect(await house.storedFiles()).to.deep.equal([
      'acme/files/a/b/deep/new',
      'acme/files/a/b/new',
      'acme/files/a/b/seen',
      'acme/files/a/bc',
      'acme/files/a/other',
      'acme/files/c',
    ])
  })
})
