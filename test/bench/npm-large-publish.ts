import { createHash, randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Server } from '../clients/server.js'
import { packed, publishDocument } from '../support/npm-package.js'
import { growthRow, watched } from './resident-growth.js'

/** A publish of a tarball as large as any may be, and its download: how much the server's resident memory grows meanwhile, and how fast it goes. */
const size = Number(process.env['BENCH_BYTES'] ?? 255 * 1024 ** 2)
/** Divisible by three: base64 without padding. */
const slice = 3 * 1024 ** 2

function* bodyOf(document: object, content: Buffer): Generator<Buffer> {
  const [before = '', after = ''] = JSON.stringify(document).split('"data":""')
  yield Buffer.from(`${before}"data":"`)
  for (let at = 0; at < content.length; at += slice) yield Buffer.from(content.subarray(at, at + slice).toString('base64'))
  yield Buffer.from(`"${after}`)
}

const server = await Server.start()
try {
  const { org, token } = await server.target('npm')
  const send = (method: string, path: string, body?: Readable): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const sent = request(new URL(`/${org}/npm/${path}`, server.url), { method, headers }, resolve)
      sent.on('error', reject)
      if (body) pipeline(body, sent).catch(reject)
      else sent.end()
    })
  const publish = async (name: string, bytes: number) => {
    const manifest = { name, version: '1.0.0' }
    const content = await packed(manifest, [{ name: 'package/large.bin', content: randomBytes(bytes) }])
    const attachment = { content_type: 'application/octet-stream', data: '', length: content.length }
    const document = { ...publishDocument(manifest, content), _attachments: { [`${name}-1.0.0.tgz`]: attachment } }
    return { content, send: () => send('PUT', name, Readable.from(bodyOf(document, content))) }
  }
  // The first publish loads code that stays.
  await (await publish('small', 1_000)).send()
  const large = await publish('large', size)
  const up = await watched(server.pid, large.send)
  if (up.result.statusCode !== 201) throw new Error(`the publish was answered ${up.result.statusCode}`)
  up.result.resume()
  const down = await watched(server.pid, async () => {
    const hash = createHash('sha256')
    for await (const chunk of await send('GET', 'large/-/large-1.0.0.tgz')) hash.update(chunk as Buffer)
    return hash.digest('hex')
  })
  if (down.result !== createHash('sha256').update(large.content).digest('hex'))
    throw new Error('what came back is not what was sent')
  const rows = [growthRow('publish', size, up), growthRow('tarball', size, down)]
  if (process.argv.includes('--json')) console.log(JSON.stringify({ bytes: large.content.length, rows }))
  else {
    console.log(`a tarball of ${large.content.length} bytes`)
    console.table(rows)
  }
} finally {
  await server.stop()
}
