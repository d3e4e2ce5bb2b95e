import { randomBytes } from 'node:crypto'
import { Server, testWorkers } from '../clients/server.js'
import { startBareNode } from './bare-node.js'
import { load } from './load.js'
import { startNginx } from './nginx.js'
import { cpuMilliseconds, median, residentMiB } from './process-cpu.js'

/** Small artifact, full path with authentication, 64 connections, as many processes as CLOUDREPO_TEST_WORKERS says; nginx, and Node's own HTTP with nothing behind it, in the same run, rounds
 *  interleaved, medians. */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const milliseconds = Number(process.env['BENCH_MS'] ?? 3_000)
const size = 1_024

interface Series {
  readonly perSecond: number[]
  /** Microseconds of the server's processor time an answer. */
  readonly cpu: number[]
}

const cpuOf = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + cpuMilliseconds(pid), 0)
const residentOf = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + residentMiB(pid), 0)

const content = randomBytes(size)
const began = performance.now()
const server = await Server.start()
const startTime = performance.now() - began
const nginx = await startNginx({ 'small.bin': content })
const bare = await startBareNode(size)
try {
  const processes = [server.pid, ...server.workers]
  const { org, token } = await server.target('raw')
  const authorization = `Bearer ${token}`
  const idle = residentOf(processes)
  const path = `/${org}/raw/bench/small.bin`
  const put = await fetch(server.url + path, { method: 'PUT', headers: { authorization }, body: content })
  if (put.status !== 201) throw new Error(`PUT was answered ${put.status}`)
  const port = Number(new URL(server.url).port)
  const ours: Series = { perSecond: [], cpu: [] }
  const theirs: Series = { perSecond: [], cpu: [] }
  const floor: Series = { perSecond: [], cpu: [] }
  const measure = async (
    series: Series,
    pids: readonly number[],
    target: { port: number; path: string; headers: Record<string, string> },
  ) => {
    const before = cpuOf(pids)
    const result = await load({ ...target, connections: 64, milliseconds })
    if (result.failures > 0) throw new Error(`${result.failures} answers were not 200`)
    series.perSecond.push(result.perSecond)
    series.cpu.push(((cpuOf(pids) - before) * 1_000) / result.answers)
  }
  await load({ port, path, headers: { authorization }, connections: 64, milliseconds: 1_500 })
  for (let round = 0; round < rounds; round++) {
    await measure(ours, processes, { port, path, headers: { authorization } })
    await measure(floor, [bare.pid], { port: bare.port, path, headers: { authorization } })
    if (nginx) await measure(theirs, [nginx.workerPid], { port: nginx.port, path: '/small.bin', headers: {} })
  }
  const row = (name: string, series: Series) => ({
    server: name,
    'answers/s': Math.round(median(series.perSecond)),
    'CPU µs/answer': Number(median(series.cpu).toFixed(1)),
  })
  const ratio = nginx ? median(ours.perSecond) / median(theirs.perSecond) : undefined
  const result = {
    case: `GET 1 KiB with authentication, processes: ${testWorkers}, 64 connections`,
    rows: [
      row('cloudrepo', ours),
      row('node:http, nothing behind it', floor),
      ...(nginx ? [row('nginx, static file, no authentication', theirs)] : []),
    ],
    ratio: ratio === undefined ? null : Number(ratio.toFixed(3)),
    startMilliseconds: Math.round(startTime),
    idleMiB: Math.round(idle),
    peakMiB: Math.round(residentOf(processes)),
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify(result))
  else {
    console.log(result.case)
    console.table(result.rows)
    console.log(nginx ? `ratio ${result.ratio} (goal ${testWorkers === '1' ? 0.25 : 0.35})` : 'nginx is not installed: no ratio')
    console.log(
      `first start until ready ${result.startMilliseconds} ms, idle ${result.idleMiB} MiB, after the run ${result.peakMiB} MiB`,
    )
  }
} finally {
  await nginx?.stop()
  await bare.stop()
  await server.stop()
}
