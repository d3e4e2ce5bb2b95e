import { randomBytes } from 'node:crypto'
import { protocolPluginContract } from '#testing'
import npm from '../../../plugins/npm/index.js'
import { packed, publishDocument } from '../../support/npm-package.js'

const bar = { name: '@acme/bar', version: '1.0.0' }
const next = { name: '@acme/bar', version: '1.0.1' }
const content = await packed(bar, [{ name: 'package/noise.bin', content: randomBytes(70_000) }])
const put = (body: object) => ({
  method: 'PUT',
  path: '/@acme%2fbar',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

protocolPluginContract(npm, {
  content,
  publish: (body) => put(publishDocument(bar, body)),
  fetch: { method: 'GET', path: '/@acme/bar/-/bar-1.0.0.tgz' },
  packages: { packument: '@acme/bar' },
  rival: await packed(bar, [{ name: 'package/noise.bin', content: randomBytes(70_000) }]),
  documents: {
    packument: [
      { method: 'GET', path: '/@acme%2fbar', headers: { accept: 'application/vnd.npm.install-v1+json' } },
      { method: 'GET', path: '/@acme%2fbar', headers: { accept: 'application/json' } },
    ],
  },
  malformed: [
    put({ ...publishDocument(bar, content), name: 'other' }),
    put(publishDocument(bar, Buffer.from('no tarball at all'))),
    { ...put({}), body: '{"name": "@acme/bar", ' },
  ],
  publishNext: put(publishDocument(next, await packed(next))),
})
