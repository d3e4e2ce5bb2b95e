import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached, NotToBeHad } from '../clients/client-cache.js'
import { npmInstall } from '../clients/node-tools.js'
import { cleanEnvironment } from '../clients/run.js'
import type { Rival } from './contest.js'
import { ended, freePort, reachable } from './listening.js'

/** A package as it lies in Verdaccio's storage. */
export interface StoredPackage {
  /** 'dist-tags', versions, time. */
  readonly packument: object
  /** By name of the file. */
  readonly tarballs: Readonly<Record<string, Uint8Array>>
}

/** The peer for npm: no upstream, everything open to everybody, silent. Undefined where it cannot be installed. */
export async function startVerdaccio(packages: Readonly<Record<string, StoredPackage>>): Promise<Rival | undefined> {
  const installed = await cached('bench-verdaccio-6.8.0', install).catch((thrown: unknown) => {
    if (thrown instanceof NotToBeHad) return undefined
    throw thrown
  })
  if (installed === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-verdaccio-'))
  for (const [name, { packument, tarballs }] of Object.entries(packages)) {
    const place = join(folder, 'storage', name)
    await mkdir(place, { recursive: true })
    const files = Object.entries(tarballs)
    const attachments = files.map(([file, bytes]) => [file, { shasum: createHash('sha1').update(bytes).digest('hex') }] as const)
    const more = { _rev: '1-1', _uplinks: {}, _distfiles: {}, _attachments: Object.fromEntries(attachments) }
    await writeFile(join(place, 'package.json'), JSON.stringify({ ...packument, ...more }))
    for (const [file, bytes] of files) await writeFile(join(place, file), bytes)
  }
  await writeFile(
    join(folder, 'config.yaml'),
    `storage: ${folder}/storage
auth: { htpasswd: { file: ${folder}/htpasswd } }
uplinks: {}
packages: { '**': { access: $all, publish: $anonymous, unpublish: $anonymous } }
max_body_size: 100mb
web: { enable: false }
userRateLimit: { windowMs: 1000, max: 1000000 }
server: { keepAliveTimeout: 60 }
log: { type: stdout, format: json, level: error }
`,
  )
  const port = await freePort()
  const program = join(installed, 'node_modules', 'verdaccio', 'bin', 'verdaccio')
  const args = [program, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`]
  const env = cleanEnvironment(folder, { NODE_ENV: 'production' })
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: 'ignore' })
  await reachable(port, child)
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      await ended(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A dependency of its plugins is named by a tag that not every registry carries: the version that the tag stands for. */
async function install(making: string): Promise<void> {
  await writeFile(join(making, 'package.json'), JSON.stringify({ private: true, overrides: { 'node-fetch': '2.7.0' } }))
  await npmInstall(making, ['verdaccio@6.8.0'])
}
