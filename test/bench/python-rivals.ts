import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NotToBeHad } from '../clients/client-cache.js'
import { pythonTools } from '../clients/python-tools.js'
import { cleanEnvironment, succeed } from '../clients/run.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import type { BuiltFile } from '../support/wheel-builder.js'
import type { Rival } from './contest.js'
import { ended, freePort, reachable } from './listening.js'

export interface Release {
  readonly version: string
  readonly file: BuiltFile
}

/** A folder of files behind pypiserver, which takes waitress where that is installed; nothing is asked of anybody. Undefined where it cannot be installed. */
export async function startPypiserver(releases: readonly Release[]): Promise<Rival | undefined> {
  const bin = await tools('pypiserver', ['pypiserver==2.4.2', 'waitress==3.0.2'])
  if (bin === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-pypiserver-'))
  const packages = join(folder, 'packages')
  await mkdir(packages)
  for (const { file } of releases) await writeFile(join(packages, file.filename), file.content)
  const port = await freePort()
  const access = ['-a', '.', '-P', '.', '--disable-fallback']
  const args = ['run', '-i', '127.0.0.1', '-p', String(port), ...access, packages]
  return serving(spawn(join(bin, 'pypi-server'), args, quiet(folder)), port, folder)
}

/** An index of devpi's that anybody may upload to, with these files. Undefined where it cannot be installed. */
export async function startDevpi(project: string, releases: readonly Release[]): Promise<Rival | undefined> {
  const bin = await tools('devpi', ['devpi-server==6.20.3'])
  if (bin === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-devpi-'))
  const place = ['--serverdir', join(folder, 'server')]
  await succeed(join(bin, 'devpi-init'), [...place, '--no-root-pypi'], { cwd: folder, env: cleanEnvironment(folder) })
  const port = await freePort()
  const args = [...place, '--host', '127.0.0.1', '--port', String(port)]
  const rival = await serving(spawn(join(bin, 'devpi-server'), args, quiet(folder)), port, folder)
  const url = `http://127.0.0.1:${port}`
  const json = { 'content-type': 'application/json', accept: 'application/json' }
  const login = await sent(`${url}/+login`, { method: 'POST', headers: json, body: '{"user":"root","password":""}' })
  const { result } = (await login.json()) as { result: { password: string } }
  const auth = { 'x-devpi-auth': Buffer.from(`root:${result.password}`).toString('base64') }
  const index = JSON.stringify({ type: 'stage', bases: [], acl_upload: [':ANONYMOUS:'] })
  await sent(`${url}/root/bench`, { method: 'PUT', headers: { ...json, ...auth }, body: index })
  for (const { version, file } of releases) {
    const form = multipart(uploadParts(file, project, version))
    await sent(`${url}/root/bench/`, { method: 'POST', headers: { ...form.headers, ...auth }, body: form.body })
  }
  return rival
}

async function tools(name: string, specs: readonly string[]): Promise<string | undefined> {
  return pythonTools(name, specs).catch((thrown: unknown) => {
    if (thrown instanceof NotToBeHad) return undefined
    throw thrown
  })
}

function quiet(folder: string): { cwd: string; env: NodeJS.ProcessEnv; stdio: 'ignore' } {
  return { cwd: folder, env: cleanEnvironment(folder), stdio: 'ignore' }
}

async function serving(child: ChildProcess, port: number, folder: string): Promise<Rival> {
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

async function sent(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, init)
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
  return answer
}
