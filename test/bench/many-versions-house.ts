import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ProtocolPlugin } from '#core'
import { repositoryRoute } from '#core'
import npm from '../../plugins/npm/index.js'
import { fragmentsOf } from '../../plugins/npm/manifest.js'
import { documentKeys, versionDocuments } from '../../plugins/npm/package-documents.js'
import { openHouse } from '../support/house.js'
import { type Asked, manifestOf, type Said } from './many-versions.js'
import { residentMiB } from './process-cpu.js'

/** The server of npm-many-versions.ts, in a process of its own: a house on files whose packages are there without having been published one by one. It says
 *  how its event loop and its memory did between two messages of whoever started it. */
const perCommit = 60
/** Puts versions where publishes would have put them, without files. */
const seed = repositoryRoute({
  method: 'POST',
  path: '/-/seed/{name}/{count}',
  permission: 'artifacts.write',
  async handle({ params: { name, count } }, context) {
    const all = Array.from({ length: Number(count) }, (_, n) => manifestOf(name, n))
    const owner = { v: 1, generation: 1, created: new Date().toISOString(), maintainers: [{ name: 'dora' }] }
    const tag = { v: 1, generation: 1, version: all.at(-1)?.version ?? '', explicit: true }
    await context
      .change()
      .putDocument(documentKeys.package(name), owner)
      .putDocument(documentKeys.tag(name, 'latest'), tag)
      .commit()
    for (let at = 0; at < all.length; at += perCommit) {
      const change = context.change()
      for (const manifest of all.slice(at, at + perCommit)) {
        const known = { fileCount: 2, unpackedSize: 999, hasShrinkwrap: false, hasGyp: false }
        const digest = (bytes: number) =>
          Buffer.from(manifest.version.padEnd(bytes, name))
            .toString('hex')
            .slice(0, bytes * 2)
        const digests = { sha1: digest(20), sha512: digest(64) }
        const people = { publisher: { name: 'dora' }, maintainers: [{ name: 'dora' }] }
        const fragments = fragmentsOf(manifest, { ...people, ...digests, ...known })
        const publication = { publishedAt: new Date().toISOString(), publishedBy: 'm_bench', sha512: digests.sha512 }
        const stored = { v: 1 as const, generation: 1, ...fragments, ...publication, version: manifest.version }
        for (const { key, value } of versionDocuments(name, stored)) change.putDocument(key, value)
      }
      await change.commit()
    }
    return { status: 204, headers: {} }
  },
})

const [mount, ...others] = npm.mounts
if (mount?.scope !== 'repository') throw new Error('npm has no repository mount')
const seeded: ProtocolPlugin = { ...npm, mounts: [{ ...mount, routes: [seed, ...mount.routes] }, ...others] }
const house = await openHouse({ plugins: [seeded], repositories: [{ name: 'js', format: 'npm' }], store: 'files' })
const say = (said: Said) => process.send?.(said)
const delay = monitorEventLoopDelay({ resolution: 1 })
let before = 0
let peak = 0
let sampling: NodeJS.Timeout | undefined
process.on('message', (asked: Asked) => {
  if (asked === 'watch') {
    global.gc?.()
    before = residentMiB(process.pid)
    peak = before
    sampling = setInterval(() => {
      peak = Math.max(peak, residentMiB(process.pid))
    }, 20)
    delay.reset()
    delay.enable()
    say({ kind: 'watching' })
  } else if (asked === 'tell') {
    clearInterval(sampling)
    delay.disable()
    const [p50, p99] = [delay.percentile(50) / 1e6, delay.percentile(99) / 1e6]
    say({ kind: 'watched', p50, p99, max: delay.max / 1e6, grew: peak - before })
  } else house.close().then(() => process.disconnect())
})
say({ kind: 'ready', url: house.url, token: house.token('dora') })
