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

  it('reaches into uploads that name a file below it, in every protocol, and into no other', async () => {
    const send = (method: string, target: string, headers: Record<string, string>, body = '') =>
      house.call(method, `/acme/files/${target}`, { as: 'gus', headers, body })
    const tus = (target: string, name: string) =>
      send('POST', target, {
        ...{
          'tus-resumable': '1.0.0',
          'upload-length': '1',
          'upload-metadata': `filename ${Buffer.from(name).toString('base64')}`,
        },
      })
    const begun = await tus('-/tus/a/b/', 'by-tus')
    expect(begun.status).to.equal(201)
    const upload = new URL(begun.headers['location'] ?? '').pathname.replace('/acme/files/', '')
    const part = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' }
    expect((await send('PATCH', upload, part, 'x')).status).to.equal(204)
    for (const [target, name] of [
      ['-/tus/', 'a/b/f'],
      ['-/tus/a/', 'b/f'],
      ['-/tus/a/bc/', 'f'],
    ] as const)
      expect((await tus(target, name)).status, target + name).to.equal(403)
    expect((await tus('-/tus/a/b/', '../other')).status).to.equal(400)

    const draft = await send('PUT', 'a/b/by-draft', { 'upload-complete': '?0' }, 'x')
    const address = new URL(draft.headers['location'] ?? '').pathname.replace('/acme/files/', '')
    const rest = { 'content-type': 'application/partial-upload', 'upload-offset': '1', 'upload-complete': '?1' }
    expect((await send('PATCH', address.replace('by-draft', 'other'), rest, 'y')).status, 'under another path').to.equal(404)
    expect((await send('PATCH', address.replace('/a/b/', '/a/'), rest, 'y')).status).to.equal(403)
    expect((await send('PATCH', address, rest, 'y')).status).to.equal(201)
    expect((await send('PUT', 'a/b/', { 'x-explode-archive': 'true' }, 'none')).status, 'it may, and it is none').to.equal(400)
    expect((await send('PUT', 'a/', { 'x-explode-archive': 'true' }, 'none')).status).to.equal(403)
    const form = { 'content-type': 'multipart/form-data; boundary=b' }
    expect((await send('POST', '-/upload', form, '--b--')).status).to.equal(403)
    for (const path of ['a/b/by-tus', 'a/b/by-draft']) await house.call('DELETE', `/acme/files/${path}`, { as: 'olga' })
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
