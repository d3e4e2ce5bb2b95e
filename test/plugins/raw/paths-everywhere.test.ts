import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import { type Answer, type House, openHouse } from '../../support/house.js'
import { tarball } from '../../support/tar-builder.js'
import { multipart } from '../../support/upload-form.js'
import { buildZip } from '../../support/zip-builder.js'
import { keys, refused } from './path-table.js'

const base = '/acme/files'
const b64 = (text: string) => Buffer.from(text).toString('base64')

/** The text that a target stands for, where it stands for any: what forms, metadata and archives say as it is. */
function spelled(target: string): string | undefined {
  try {
    return decodeURIComponent(target.split('?')[0] ?? '')
  } catch {
    return undefined
  }
}

describe('a path of a raw file, wherever a request names it', () => {
  let house: House
  before(async () => {
    house = await openHouse({ plugins: [raw], repositories: [{ name: 'files', format: 'raw', webdav: true }] })
  })
  after(() => house.close())
  const call = (method: string, target: string, headers: Record<string, string>, body?: string | Uint8Array) =>
    house.call(method, target, { as: 'olga', headers, ...(body === undefined ? {} : { body }) })

  /** Each makes a file of the bytes 'x' by a path that it names in its own way. */
  const byAddress: Readonly<Record<string, (target: string) => Promise<Answer>>> = {
    'a resumable PUT': async (target) => {
      const begun = await call('PUT', base + target, { 'upload-complete': '?0' }, '')
      if (begun.status !== 201) return begun
      const upload = new URL(begun.headers['location'] ?? '').pathname
      const part = { 'content-type': 'application/partial-upload', 'upload-offset': '0', 'upload-complete': '?1' }
      return call('PATCH', upload, part, 'x')
    },
    'the destination of a MOVE': async (target) => {
      await call('PUT', `${base}/source`, {}, 'x')
      const answer = await call('MOVE', `${base}/source`, { destination: base + target.split('?')[0] })
      if (answer.status >= 400) await call('DELETE', `${base}/source`, {})
      return answer
    },
    'the destination of a COPY': async (target) => {
      await call('PUT', `${base}/source`, {}, 'x')
      const answer = await call('COPY', `${base}/source`, { destination: `${house.url}${base}${target.split('?')[0]}` })
      await call('DELETE', `${base}/source`, {})
      return answer
    },
  }
  const tus = (metadata: string) =>
    call(
      'POST',
      `${base}/-/tus/`,
      {
        'tus-resumable': '1.0.0',
        'upload-length': '1',
        'upload-metadata': metadata,
        'content-type': 'application/offset+octet-stream',
      },
      'x',
    )
  const form = (field: string, value: string) => {
    const content = { name: 'file', filename: 'any', content: Buffer.from('x') }
    const { headers, body } = multipart([{ name: field, value }, content])
    return call('POST', `${base}/-/upload`, headers, body)
  }
  const explode = (body: Uint8Array) => call('PUT', `${base}/`, { 'x-explode-archive': 'true' }, body)
  const byName: Readonly<Record<string, (name: string) => Promise<Answer>>> = {
    'the path in tus metadata': (name) => tus(`path ${b64(name)}`),
    'the path of a form': (name) => form('path', name),
    'a member of a zip': async (name) => explode(buildZip([{ name, content: 'x' }])),
    'a member of a tar': async (name) => explode(await tarball([{ name, content: 'x' }])),
  }
  /** MKCOL and MOVE make no folder by themselves. */
  const parents = async (key: string) => {
    const segments = key.split('/').slice(0, -1)
    for (const [depth] of segments.entries()) {
      const folder = segments
        .slice(0, depth + 1)
        .map(encodeURIComponent)
        .join('/')
      await call('MKCOL', `${base}/${folder}`, {})
    }
  }
  const empty = async () => {
    for (const path of await house.storedFiles())
      await call('DELETE', `/${path.split('/').map(encodeURIComponent).join('/')}`, {})
  }
  afterEach(empty)

  for (const [channel, make] of Object.entries(byAddress)) {
    it(`is the same as ${channel}`, async () => {
      for (const [target, key] of keys) {
        await parents(key)
        expect((await make(target)).status, target).to.equal(201)
        expect(await house.storedFiles(), target).to.deep.equal([`acme/files/${key}`])
        await empty()
      }
    })
    it(`is refused as ${channel} where it names nothing`, async () => {
      for (const target of refused) expect((await make(target)).status, target).to.equal(400)
      expect(await house.storedFiles()).to.deep.equal([])
    })
  }

  for (const [channel, make] of Object.entries(byName)) {
    const archive = channel.startsWith('a member')
    it(`is the same as ${channel}`, async () => {
      for (const [target, key] of keys) {
        // An archive's own names are absolute with a slash before them.
        const name = archive ? spelled(target)?.replace(/^\/+/, '') : spelled(target)
        // And a letter with a colon is a drive to some who unpack.
        if (archive && /^[a-z]:/i.test(name ?? '')) {
          expect((await make(name ?? '')).status, target).to.equal(400)
          continue
        }
        expect((await make(name ?? '')).status, target).to.equal(201)
        expect(await house.storedFiles(), target).to.deep.equal([`acme/files/${key}`])
        await empty()
      }
    })
    it(`is refused as ${channel} where it names nothing`, async () => {
      for (const target of refused) {
        const name = spelled(target)
        // An encoded slash is a slash once it is spelled out; a NUL ends the name in a tar's header.
        if (name === undefined || /%2f/i.test(target) || name.includes('\0')) continue
        // './' is how tar begins every name.
        if (archive && target.startsWith('/./')) continue
        expect((await make(archive ? name.replace(/^\/+/, '') : name)).status, target).to.equal(400)
      }
      expect(await house.storedFiles()).to.deep.equal([])
    })
  }

  it('of a form may be a folder and the name of its file, which is a name alone', async () => {
    const upload = (directory: string, filename: string, more: readonly { name: string; value: string }[] = []) => {
      const parts = [
        { name: 'directory', value: directory },
        ...more,
        { name: 'file', filename, content: Buffer.from('x'), type: 'text/csv' },
      ]
      const { headers, body } = multipart(parts)
      return call('POST', `${base}/-/upload`, headers, body)
    }
    const answer = await upload('a/b', 'é.csv')
    expect([answer.status, answer.json()]).to.deep.equal([201, { files: [{ path: 'a/b/é.csv', outcome: 'created' }] }])
    expect((await call('GET', `${base}/a/b/${encodeURIComponent('é.csv')}`, {})).headers['content-type']).to.equal('text/csv')
    expect((await upload('a/b', 'é.csv', [{ name: 'overwrite', value: 'false' }])).status).to.equal(412)
    for (const filename of ['../evil', 'a/b', '..', 'a\\b']) expect((await upload('d', filename)).status, filename).to.equal(400)
    for (const directory of ['../x', '-/tus', 'a/../b']) expect((await upload(directory, 'f')).status, directory).to.equal(400)
    expect((await upload('a/b/é.csv', 'below')).status).to.equal(409)
    expect(await house.storedFiles()).to.deep.equal(['acme/files/a/b/é.csv'])
  })

  it('of a form with several files makes all of them or none', async () => {
    const file = (filename: string) => ({ name: 'file', filename, content: Buffer.from(filename) })
    const send = (...names: string[]) => {
      const { headers, body } = multipart([...names.map(file), { name: 'directory', value: 'many' }])
      return call('POST', `${base}/-/upload`, headers, body)
    }
    expect((await send('one', 'two', 'three')).status).to.equal(201)
    expect((await send('four', 'four')).status).to.equal(409)
    expect((await send('five', '..')).status).to.equal(400)
    expect(await house.storedFiles()).to.deep.equal(['acme/files/many/one', 'acme/files/many/three', 'acme/files/many/two'])
    const none = multipart([{ name: 'directory', value: 'x' }])
    expect((await call('POST', `${base}/-/upload`, none.headers, none.body)).status).to.equal(400)
  })
})
