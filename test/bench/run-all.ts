import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { run } from '../clients/run.js'
import type { Standing } from './contest.js'
import { ratioPicture } from './ratio-picture.js'
import { linesOf, plainTable, resultsPage } from './results-table.js'

/** All cases one after the other, one table; with `--out FOLDER` as results.md and results.svg there. A case that fails is named, and the run ends with 1. */
const programs = ['small-get', 'large-get', 'packument', 'python-page', 'durable-publish']
const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true })
const chosen = positionals.length > 0 ? positionals : programs
const here = dirname(fileURLToPath(import.meta.url))

const began = performance.now()
const standings: Standing[] = []
/** Of the last minute, before each program and at the end: this run's own load is two processes at work. */
const loads = [loadavg()[0] ?? 0]
for (const program of chosen) {
  process.stderr.write(`${program} …\n`)
  const words = [join(here, `${program}.js`), '--json']
  const env = { BENCH_MS: '700', ...process.env }
  const { status, stdout, stderr } = await run(process.execPath, words, { cwd: here, env, timeout: 900_000 })
  if (status === 0) standings.push(...(JSON.parse(stdout) as Standing[]))
  else {
    process.exitCode = 1
    process.stderr.write(`${program} ended with ${status}:\n${stderr}\n`)
  }
  loads.push(loadavg()[0] ?? 0)
}
console.log(plainTable(linesOf(standings)))
for (const { case: name, missing, notes = [] } of standings) {
  if (missing.length > 0) console.log(`${name}: could not be had: ${missing.join(', ')}`)
  for (const note of notes) console.log(`${name}: ${note}`)
}
console.log(`${Math.round((performance.now() - began) / 1_000)} s`)
if (values.out !== undefined) {
  await mkdir(values.out, { recursive: true })
  const [least, most] = [Math.min(...loads), Math.max(...loads)].map((load) => load.toFixed(1))
  const machine = `${availableParallelism()} cores, shared with other work (load average ${least} to ${most}), Linux, Node ${process.versions.node}.`
  await writeFile(join(values.out, 'results.md'), resultsPage(standings, machine))
  await writeFile(join(values.out, 'results.svg'), ratioPicture(linesOf(standings)))
}
