import 'reflect-metadata'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import pypi from '../../plugins/pypi/index.js'
import { call } from '../support/client.js'
import { openHouse } from '../support/house.js'
import { listNames } from '../support/name-rows.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import { median } from './process-cpu.js'

/** The list of an index with 100,000 projects, whose names are written beside the uploads: time of an answer, memory, and how long others wait meanwhile. The
 *  server is this process, on the embedded store. */
const projects = Number(process.env['BENCH_PROJECTS'] ?? 100_000)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 10)
const json = 'application/vnd.pypi.simple.v1+json'

const house = await openHouse({ plugins: [pypi], repositories: [{ name: 'py', format: 'pypi' }], store: 'files' })
try {
  const upload = async (name: string) => {
    const { headers, body } = multipart(uploadParts(buildWheel({ name, version: '1.0' }), name, '1.0'))
    const answer = await house.call('POST', '/acme/py/', { headers, body })
    if (answer.status !== 200) throw new Error(`an upload was answered ${answer.status}: ${answer.text()}`)
  }
  await upload('first')
  const names = Array.from({ length: projects }, (_, number) => `project-${String(number).padStart(6, '0')}`)
  await listNames(house.parts.metadata, 'first', names)
  const get = async (accept: string, more: Record<string, string> = {}) => {
    const headers = { authorization: `Bearer ${house.token('dora')}`, accept, ...more }
    return call(house.url, { method: 'GET', target: '/acme/py/simple/', headers })
  }
  const mebibytes = () => Math.round(process.memoryUsage().rss / 1024 / 1024)
  const rows = []
  for (const [work, accept, coding] of [
    ['JSON', json, 'identity'],
    ['JSON, gzip', json, 'gzip'],
    ['HTML', 'text/html', 'identity'],
    ['HTML, brotli', 'text/html', 'br'],
    ['JSON, not modified', json, 'none'],
  ] as const) {
    const etag = coding === 'none' ? (await get(json)).headers['etag'] : undefined
    const more: Record<string, string> = etag === undefined ? { 'accept-encoding': coding } : { 'if-none-match': etag }
    const times: number[] = []
    let bytes = 0
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const before = mebibytes()
    const used: number[] = []
    let most = before
    for (let round = 0; round < rounds; round++) {
      const started = performance.now()
      const busy = process.cpuUsage()
      const answer = await get(accept, more)
      times.push(performance.now() - started)
      const { user, system } = process.cpuUsage(busy)
      used.push((user + system) / 1_000)
      bytes = answer.body.length
      most = Math.max(most, mebibytes())
      if (answer.status !== (etag === undefined ? 200 : 304)) throw new Error(`${work} was answered ${answer.status}`)
      await pause(20)
    }
    delay.disable()
    rows.push({
      'list as': work,
      bytes,
      'first, ms': Math.round(times[0] ?? 0),
      'then, ms': Math.round(median(times.slice(1))),
      'processor, ms': Math.round(median(used.slice(1))),
      'others wait, p99, ms': Math.round(delay.percentile(99) / 1e6),
      'at most, ms': Math.round(delay.max / 1e6),
      'memory, MiB': `${before} to ${most}`,
    })
  }
  const started = performance.now()
  await upload('last')
  const fresh = (await get(json)).text().includes('"last"')
  const visible = Math.round(performance.now() - started)
  if (process.argv.includes('--json')) console.log(JSON.stringify({ projects, rows, visible, fresh }))
  else {
    console.table(rows)
    console.log(`a new project is ${fresh ? '' : 'NOT '}in the next list, ${visible} ms after its upload began`)
  }
} finally {
  await house.close()
}

/** How a name of this repository is written, learned from the one that an upload wrote. */
