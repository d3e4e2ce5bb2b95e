import { protocolPluginContract } from '#testing'
import pypi from '../../../plugins/pypi/index.js'
import { multipart, uploadParts } from '../../support/upload-form.js'
import { type BuiltFile, buildWheel } from '../../support/wheel-builder.js'

const first = buildWheel({ name: 'tool', version: '1.0', files: { 'tool/data.txt': 'x'.repeat(70_000) } })
const next = buildWheel({ name: 'tool', version: '1.1' })

function publish(file: BuiltFile, version: string, content: Uint8Array) {
  return { method: 'POST', path: '/', ...multipart(uploadParts({ ...file, content: Buffer.from(content) }, 'tool', version)) }
}

protocolPluginContract(pypi, {
  content: first.content,
  publish: (content) => publish(first, '1.0', content),
  fetch: { method: 'GET', path: `/files/${first.sha256}/${first.filename}` },
  packages: { simple: 'tool' },
  rival: buildWheel({ name: 'tool', version: '1.0', files: { 'tool/data.txt': 'y'.repeat(70_000) } }).content,
  documents: {
    simple: ['application/vnd.pypi.simple.v1+json', 'text/html'].map((accept) => ({
      method: 'GET',
      path: '/simple/tool/',
      headers: { accept },
    })),
  },
  malformed: [publish(first, '1.0', Buffer.from('no wheel at all')), publish(first, '9.9', first.content)],
  publishNext: publish(next, '1.1', next.content),
})
