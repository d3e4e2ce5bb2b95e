import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Server } from '../clients/server.js'
import { packed, publishDocument } from '../support/npm-package.js'
import { type Contender, contest, type Goal, type Standing, show } from './contest.js'
import { type Requests, requestBytes } from './load.js'
import { startNginx } from './nginx.js'
import { median } from './process-cpu.js'
import { startVerdaccio } from './verdaccio.js'

/** Publishing 1 KiB, one at a time and sixteen at once: new npm packages to ours and to Verdaccio, new raw files to ours and to nginx by WebDAV.
 *  Ours answers when the bytes are on the disk; nginx and Verdaccio leave that to the system. */
const counts: Readonly<Record<number, number>> = { 1: 60, 16: 240 }
/** nginx is through with those before the clock of processor time has ticked. */
const quick = 2_000
let made = 0

/** So many different packages, made before the round begins. The tarball has 1 KiB of what cannot be compressed. */
async function publishes(amount: number, path: string, headers: Readonly<Record<string, string>>): Promise<Requests> {
  const requests: Buffer[] = []
  for (let n = 0; n < amount; n++) {
    const manifest = { name: `package-${made++}`, version: '1.0.0' }
    const tarball = await packed(manifest, [{ name: 'package/data.txt', content: randomBytes(550).toString('base64') }])
    const body = Buffer.from(JSON.stringify(publishDocument(manifest, tarball)))
    requests.push(requestBytes('PUT', path + manifest.name, { ...headers, 'content-type': 'application/json' }, body))
  }
  return () => requests.pop()
}

/** So many different files of 1 KiB. */
async function puts(amount: number, path: string, headers: Readonly<Record<string, string>>): Promise<Requests> {
  const requests = Array.from({ length: amount }, () =>
    requestBytes('PUT', `${path}file-${made++}.bin`, headers, randomBytes(1_024)),
  )
  return () => requests.pop()
}

const server = await Server.start()
const verdaccio = await startVerdaccio({})
const nginx = await startNginx({}, 'dav_methods PUT; create_full_put_path on;')
try {
  const { org, token } = await server.target('npm')
  const headers = { authorization: `Bearer ${token}` }
  const ours = { name: 'cloudrepo', port: Number(new URL(server.url).port), pid: server.pid, status: 201 }
  const standings: Standing[] = []
  for (const connections of [1, 16]) {
    const amount = counts[connections] ?? 60
    const manner = connections === 1 ? 'alone' : `${connections} at once`
    const duel = async (what: string, contenders: readonly Contender[], goals: readonly Goal[], missing: readonly string[]) => {
      standings.push(await contest({ case: `${what}, ${manner}`, connections, contenders, goals, missing }))
    }
    await duel(
      'npm publish of 1 KiB',
      [
        { ...ours, request: () => publishes(amount, `/${org}/npm/`, headers) },
        ...(verdaccio ? [{ name: 'Verdaccio', ...verdaccio, status: 201, request: () => publishes(amount, '/', {}) }] : []),
      ],
      [{ against: 'Verdaccio', by: 'answers', atLeast: 2.5 }],
      verdaccio ? [] : ['Verdaccio'],
    )
    await duel(
      'raw PUT of 1 KiB',
      [
        { ...ours, request: () => puts(amount, `/${org}/raw/bench/`, headers) },
        ...(nginx ? [{ name: 'nginx', ...nginx, status: 201, request: () => puts(quick, '/bench/', {}) }] : []),
      ],
      [],
      nginx ? [] : ['nginx'],
    )
  }
  const notes = [`a file of 1 KiB, written and flushed, takes ${(await flushed(server.folder)).toFixed(1)} ms on this disk`]
  show(standings.map((standing) => ({ ...standing, notes })))
} finally {
  await verdaccio?.stop()
  await nginx?.stop()
  await server.stop()
}

/** What no durable store can be faster than: milliseconds to write a file and have it on the disk. */
async function flushed(folder: string): Promise<number> {
  const content = randomBytes(1_024)
  const times: number[] = []
  for (let n = 0; n < 50; n++) {
    const path = join(folder, `flushed-${n}`)
    const began = performance.now()
    const file = await open(path, 'wx')
    await file.write(content)
    await file.datasync()
    await file.close()
    times.push(performance.now() - began)
    await rm(path)
  }
  return median(times)
}
