import { readFile } from 'node:fs/promises'
import { Server } from '../clients/server.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import { median } from './process-cpu.js'

/** A Python project of 5,000 files against one of 100 on the same server, in turns: what a user does with either costs the same, but for the pages themselves,
 *  which are fifty times as long, and the first page after an upload, which is written anew. Medians, and the most memory that the server ever had. */
const many = Number(process.env['BENCH_FILES'] ?? 5_000)
const few = 100
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 40)
const lanes = 16
const json = 'application/vnd.pypi.simple.v1+json'

const server = await Server.start()
try {
  const { token } = await server.target('pypi')
  const base = `${server.url}/main/pypi`
  const authorization = `Bearer ${token}`
  const release = (name: string, at: number) =>
    buildWheel({ name, version: `1.${at}`, requiresPython: '>=3.8', description: 'x' })
  const get = async (path: string, more: Record<string, string> = {}, statuses: readonly number[] = [200]) => {
    const answer = await fetch(`${base}/${path}`, { headers: { authorization, ...more } })
    const body = await answer.arrayBuffer()
    if (!statuses.includes(answer.status)) throw new Error(`${path} was answered ${answer.status}`)
    return { etag: answer.headers.get('etag') ?? '', size: body.byteLength }
  }
  const upload = async (name: string, at: number) => {
    const { headers, body } = multipart(uploadParts(release(name, at), name, `1.${at}`))
    const answer = await fetch(`${base}/`, { method: 'POST', headers: { ...headers, authorization }, body: new Uint8Array(body) })
    if (answer.status !== 200) throw new Error(`an upload was answered ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  const fill = async (name: string, files: number) => {
    let next = 0
    const lane = async () => {
      for (let at = next++; at < files; at = next++) await upload(name, at)
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }
  const peak = async () => {
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
    return Math.round(Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1024)
  }
  const began = performance.now()
  await fill('few', few)
  await fill('many', many)
  const seconds = (performance.now() - began) / 1_000
  const filled = await peak()

  const page = (name: string, more: Record<string, string>, statuses?: readonly number[]) =>
    get(`simple/${name}/`, more, statuses)
  const tags = { few: (await page('few', { accept: json })).etag, many: (await page('many', { accept: json })).etag }
  const next = { few, many }
  const somewhere = (name: 'few' | 'many') => {
    const { sha256, filename } = release(name, Math.floor(Math.random() * next[name]))
    return `files/${sha256}/${filename}`
  }
  const works: Readonly<Record<string, (name: 'few' | 'many') => Promise<unknown>>> = {
    'page, JSON': (name) => page(name, { accept: json }),
    'page, HTML': (name) => page(name, { accept: 'text/html' }),
    'page, JSON, not modified': (name) => page(name, { accept: json, 'if-none-match': tags[name] }, [304]),
    'metadata of a wheel': (name) => get(`${somewhere(name)}.metadata`),
    wheel: (name) => get(somewhere(name)),
    'upload of a release': (name) => upload(name, next[name]++),
    'upload, and the next page': async (name) => {
      await upload(name, next[name]++)
      await page(name, { accept: json })
    },
  }
  const rows = []
  for (const [work, act] of Object.entries(works)) {
    const times = { few: [] as number[], many: [] as number[] }
    const timed = async (name: 'few' | 'many') => {
      const started = performance.now()
      await act(name)
      times[name].push(performance.now() - started)
    }
    for (let round = 0; round < rounds; round++) {
      // Whoever goes first has the colder cache.
      if (round % 2 === 0) await timed('few')
      await timed('many')
      if (round % 2 === 1) await timed('few')
    }
    const [small, large] = [median(times.few), median(times.many)]
    rows.push({
      work,
      [`${few} files, ms`]: small.toFixed(2),
      [`${many} files, ms`]: large.toFixed(2),
      ratio: Number((large / small).toFixed(2)),
    })
  }
  const memory = { filled, peak: await peak(), page: (await page('many', { accept: json })).size }
  if (process.argv.includes('--json')) console.log(JSON.stringify({ files: many, fill: { seconds }, memory, rows }))
  else {
    console.log(
      `${many} files uploaded in ${seconds.toFixed(0)} s (${Math.round(many / seconds)} a second, ${lanes} beside each other)`,
    )
    console.table(rows)
    console.log(
      `most memory: ${memory.filled} MiB after the uploads, ${memory.peak} MiB at the end; the page has ${memory.page} bytes`,
    )
  }
} finally {
  await server.stop()
}
