import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { publishBody } from '../support/npm-package.js'
import { type Asked, manifestOf, type Said } from './many-versions.js'
import { median } from './process-cpu.js'
import { wireBody } from './wire-body.js'

/** Packages with one version, a thousand and twenty thousand, on one server: what their packuments take the first time and again, how long the server's event
 *  loop stands still meanwhile and by how much its memory grows, and what publishing one more version takes, and deprecating one. */
const counts = (process.env['BENCH_VERSIONS'] ?? '1,1000,20000').split(',').map(Number)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 31)
const flavours = { full: 'application/json', abbreviated: 'application/vnd.npm.install-v1+json' }

const child = fork(fileURLToPath(new URL('many-versions-house.js', import.meta.url)), [], {
  execArgv: ['--expose-gc', '--import', 'reflect-metadata'],
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
})
const said = async <Kind extends Said['kind']>(kind: Kind): Promise<Extract<Said, { kind: Kind }>> => {
  const [message] = (await once(child, 'message')) as [Said]
  if (message.kind !== kind) throw new Error(`the server said ${message.kind}, not ${kind}`)
  return message as Extract<Said, { kind: Kind }>
}
const ask = (asked: Asked) => child.send(asked)

const { url, token } = await said('ready')
const authorization = `Bearer ${token}`
const rows: object[] = []
try {
  for (const count of counts) {
    const name = `p${count}`
    const answer = await fetch(`${url}/acme/js/-/seed/${name}/${count}`, { method: 'POST', headers: { authorization } })
    if (answer.status !== 204) throw new Error(`seeding was answered ${answer.status}: ${await answer.text()}`)
  }

  const inWords = ({ took, bytes, p50, p99, max, grew }: Record<'took' | 'bytes' | 'p50' | 'p99' | 'max' | 'grew', number>) => ({
    MiB: (bytes / 1024 ** 2).toFixed(2),
    ms: took.toFixed(1),
    'loop p50 ms': p50.toFixed(1),
    'loop p99 ms': p99.toFixed(1),
    'loop max ms': max.toFixed(1),
    'RSS grew by MiB': grew.toFixed(0),
  })
  /** One request while the server watches itself. */
  const measure = async (name: string, flavour: keyof typeof flavours, coding: string) => {
    ask('watch')
    await said('watching')
    const began = performance.now()
    const headers = { authorization, accept: flavours[flavour], 'accept-encoding': coding }
    const body = await wireBody(`${url}/acme/js/${name}`, headers)
    const took = performance.now() - began
    ask('tell')
    return { took, bytes: body.length, ...(await said('watched')) }
  }
  const several = async (name: string, flavour: keyof typeof flavours, what: string, coding: string) => {
    const all: Awaited<ReturnType<typeof measure>>[] = []
    for (let round = 0; round < 5; round++) {
      if (what === 'first') await publish(name)
      if (what === 'first' && coding === 'br') await measure(name, flavour, 'gzip')
      all.push(await measure(name, flavour, coding))
    }
    const middle = (of: 'took' | 'bytes' | 'p50' | 'p99' | 'max' | 'grew') => median(all.map((each) => each[of]))
    rows.push({
      package: name,
      flavour,
      answer: `${coding}, ${what}`,
      ...inWords({
        took: middle('took'),
        bytes: middle('bytes'),
        p50: middle('p50'),
        p99: middle('p99'),
        max: middle('max'),
        grew: middle('grew'),
      }),
    })
  }
  let published = 0
  const publish = async (name: string) => {
    const manifest = { ...manifestOf(name, 0), version: `100.0.${published++}` }
    const body = JSON.stringify(await publishBody(manifest))
    const began = performance.now()
    const answer = await fetch(`${url}/acme/js/${name}`, { method: 'PUT', headers: { authorization }, body })
    if (answer.status !== 201) throw new Error(`publishing was answered ${answer.status}: ${await answer.text()}`)
    return performance.now() - began
  }

  for (const count of counts) {
    for (const flavour of ['full', 'abbreviated'] as const) {
      for (const coding of ['gzip', 'br', 'identity']) {
        await several(`p${count}`, flavour, 'first', coding)
        await several(`p${count}`, flavour, 'again', coding)
      }
    }
  }

  /** `npm deprecate` of one version: the whole packument comes back. */
  const deprecate = async (name: string) => {
    const headers = { authorization, accept: flavours.full }
    const packument = JSON.parse((await wireBody(`${url}/acme/js/${name}`, headers)).toString()) as {
      versions: Record<string, object>
    }
    const [version = '', manifest = {}] = Object.entries(packument.versions)[0] ?? []
    const body = JSON.stringify({
      ...packument,
      versions: { ...packument.versions, [version]: { ...manifest, deprecated: 'old' } },
    })
    ask('watch')
    await said('watching')
    const began = performance.now()
    const answer = await fetch(`${url}/acme/js/${name}`, { method: 'PUT', headers: { authorization }, body })
    const took = performance.now() - began
    ask('tell')
    const { p50, p99, max, grew } = await said('watched')
    if (answer.status !== 201) throw new Error(`deprecating was answered ${answer.status}: ${await answer.text()}`)
    rows.push({
      package: name,
      answer: 'PUT of all of it, to deprecate',
      ...inWords({ took, bytes: body.length, p50, p99, max, grew }),
    })
  }
  for (const count of counts) await deprecate(`p${count}`)

  const publishing = new Map<number, number[]>(counts.map((count) => [count, []]))
  for (let round = 0; round < rounds; round++) for (const count of counts) publishing.get(count)?.push(await publish(`p${count}`))
  const first = median(publishing.get(counts[0] ?? 0) ?? [])
  const publishes = [...publishing].map(([count, times]) => ({
    versions: count,
    'publish ms': median(times).toFixed(1),
    ratio: (median(times) / first).toFixed(2),
  }))
  if (process.argv.includes('--json')) console.log(JSON.stringify({ rows, publishes }))
  else {
    console.table(rows)
    console.table(publishes)
  }
} finally {
  ask('stop')
  await once(child, 'exit')
}
