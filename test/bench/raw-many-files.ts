import { Server } from '../clients/server.js'
import { median } from './process-cpu.js'

/** A raw folder of 100,000 files against one of 100 on the same server, in turns: what a user does with either costs the same. Medians; the ratio is to stay
 *  at 1.5 or below. */
const many = Number(process.env['BENCH_FILES'] ?? 100_000)
const few = 100
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 200)
const lanes = 32

const server = await Server.start()
try {
  const { token } = await server.target('raw')
  const headers = { authorization: `Bearer ${token}` }
  const base = `${server.url}/main/raw`
  const call = async (method: string, path: string, body?: string) => {
    const answer = await fetch(`${base}/${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}`)
  }
  const name = (at: number) => `file-${String(at).padStart(6, '0')}`
  const fill = async (folder: string, files: number) => {
    let next = 0
    const lane = async () => {
      for (let at = next++; at < files; at = next++) await call('PUT', `${folder}/${name(at)}`, 'the same bytes')
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  }
  const began = performance.now()
  await fill('few', few)
  await fill('many', many)
  const seconds = (performance.now() - began) / 1_000

  const cursor = (files: number) => Buffer.from(name(Math.floor(files / 2))).toString('base64url')
  const somewhere = (files: number) => name(Math.floor(Math.random() * files))
  const works: Readonly<Record<string, (folder: string, files: number, round: number) => Promise<void>>> = {
    'listing, first page': (folder) => call('GET', `${folder}/?format=json&limit=50`),
    'listing, from the middle': (folder, files) => call('GET', `${folder}/?format=json&limit=50&cursor=${cursor(files)}`),
    'listing, HTML': (folder) => call('GET', `${folder}/?limit=50`),
    'listing, by prefix': (folder, files) => call('GET', `${folder}/?format=json&limit=50&prefix=${somewhere(files)}`),
    'PUT of a new file': (folder, _files, round) => call('PUT', `${folder}/new-${round}`, `new ${folder} ${round}`),
    'PUT of other bytes': (folder, _files, round) => call('PUT', `${folder}/new-${round}`, `other ${folder} ${round}`),
    GET: (folder, files) => call('GET', `${folder}/${somewhere(files)}`),
    HEAD: (folder, files) => call('HEAD', `${folder}/${somewhere(files)}`),
    DELETE: (folder, _files, round) => call('DELETE', `${folder}/new-${round}`),
  }
  const rows = []
  for (const [work, act] of Object.entries(works)) {
    const times = { few: [] as number[], many: [] as number[] }
    const timed = async (folder: 'few' | 'many', files: number, round: number) => {
      const started = performance.now()
      await act(folder, files, round)
      times[folder].push(performance.now() - started)
    }
    for (let round = 0; round < rounds; round++) {
      // Whoever goes first has the colder cache.
      if (round % 2 === 0) await timed('few', few, round)
      await timed('many', many, round)
      if (round % 2 === 1) await timed('few', few, round)
    }
    const [small, large] = [median(times.few), median(times.many)]
    rows.push({
      work,
      [`${few} files, ms`]: small.toFixed(2),
      [`${many} files, ms`]: large.toFixed(2),
      ratio: Number((large / small).toFixed(2)),
    })
  }
  if (process.argv.includes('--json')) console.log(JSON.stringify({ files: many, fill: { seconds }, rows }))
  else {
    console.log(
      `${many} files put in ${seconds.toFixed(0)} s (${Math.round(many / seconds)} a second, ${lanes} beside each other)`,
    )
    console.table(rows)
  }
} finally {
  await server.stop()
}
