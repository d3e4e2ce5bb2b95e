import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Server } from '../clients/server.js'
import { growthRow, watched } from './resident-growth.js'

/** One upload and one download of a large raw file: how much the server's resident memory grows meanwhile, and how fast it goes. */
const size = Number(process.env['BENCH_BYTES'] ?? 2 * 1024 ** 3)
const block = randomBytes(1024 * 1024)

function content(): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < size; sent += block.length) yield block.subarray(0, Math.min(block.length, size - sent))
    })(),
    { objectMode: false, highWaterMark: 4 * block.length },
  )
}

/** What no server can be faster than: the same bytes hashed here. */
async function hashing(): Promise<{ readonly seconds: number; readonly sha256: string }> {
  const began = performance.now()
  const hash = createHash('sha256')
  for await (const chunk of content()) hash.update(chunk as Buffer)
  return { seconds: (performance.now() - began) / 1_000, sha256: hash.digest('hex') }
}

const server = await Server.start()
try {
  const { org, token } = await server.target('raw')
  const url = new URL(`/${org}/raw/bench/large.bin`, server.url)
  const headers = { authorization: `Bearer ${token}` }
  const send = (method: string, body?: Readable): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request(
        url,
        { method, headers: { ...headers, ...(body ? { 'content-length': String(size) } : {}) } },
        (answer) => {
          const hash = createHash('sha256')
          answer.on('data', (chunk: Buffer) => hash.update(chunk))
          answer.on('error', reject)
          answer.on('end', () =>
            answer.statusCode === 201 || answer.statusCode === 200
              ? resolve(hash.digest('hex'))
              : reject(new Error(`answered ${answer.statusCode}`)),
          )
        },
      )
      sent.on('error', reject)
      if (body) pipeline(body, sent).catch(reject)
      else sent.end()
    })
  // The first request of each kind loads code that stays.
  const small = await fetch(`${server.url}/${org}/raw/bench/small.bin`, { method: 'PUT', headers, body: block })
  await (await fetch(`${server.url}/${org}/raw/bench/small.bin`, { headers })).arrayBuffer()
  if (small.status !== 201) throw new Error(`PUT was answered ${small.status}`)
  const alone = await hashing()
  const up = await watched(server.pid, async () => void (await send('PUT', content())))
  let found = ''
  const down = await watched(server.pid, async () => {
    found = await send('GET')
  })
  if (found !== alone.sha256) throw new Error('what came back is not what was sent')
  const rows = [growthRow('upload', size, up), growthRow('download', size, down)]
  if (process.argv.includes('--json')) console.log(JSON.stringify({ bytes: size, rows }))
  else {
    console.log(`${size} bytes; sha256 of them alone: ${Math.round(size / 1024 ** 2 / alone.seconds)} MiB/s`)
    console.table(rows)
  }
} finally {
  await server.stop()
}
