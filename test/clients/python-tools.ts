import { createHash } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { announce, clientCache, exists, must, NotToBeHad } from './client-cache.js'
import { run } from './run.js'

/** The machine's wheels and indexes are for its own Python. */
const own = { PIP_FIND_LINKS: '', UV_FIND_LINKS: '' }

/** A Python environment with the given requirements; answers the folder that holds its commands. `version`: '3.8', of Pythons that lie on the search
 *  path or that pyenv keeps; without it, the machine's. An environment knows its own path, so it is made in place, and a marker says that it is whole. */
export async function pythonTools(name: string, specs: readonly string[], version?: string): Promise<string> {
  const digest = createHash('sha256').update([version, ...specs].join('\n'))
  const place = join(clientCache, `py-${name}-${digest.digest('hex').slice(0, 8)}`)
  const marker = join(place, '.whole')
  if (!(await exists(marker))) {
    announce(`${specs.join(', ')}${version === undefined ? '' : ` (Python ${version})`}`)
    await rm(place, { recursive: true, force: true })
    await mkdir(clientCache, { recursive: true })
    const python = version === undefined ? 'python3' : await pythonOf(version)
    if (name === 'uv') {
      await must(python, ['-m', 'venv', place], clientCache)
      await must(join(place, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...specs], place, own)
    } else {
      const uv = join(await pythonTools('uv', ['uv==0.13.9']), 'uv')
      await must(uv, ['venv', '--quiet', '--no-config', '-p', python, place], clientCache, own)
      const into = ['pip', 'install', '--quiet', '--no-config', '-p', join(place, 'bin', 'python')]
      if (specs.length > 0) await must(uv, [...into, ...specs], place, own)
    }
    await mkdir(marker)
  }
  return join(place, 'bin')
}

/** The executable of that Python. */
async function pythonOf(version: string): Promise<string> {
  const kept = join(homedir(), '.pyenv', 'versions')
  const found = (await readdir(kept).catch(() => [])).find((name) => name === version || name.startsWith(`${version}.`))
  if (found !== undefined) return join(kept, found, 'bin', 'python')
  const onPath = `python${version}`
  const ran = await run(onPath, ['--version'], { cwd: '/' }).catch(() => undefined)
  if (ran?.status === 0) return onPath
  throw new NotToBeHad(`Python ${version} is neither on the search path nor kept by pyenv`)
}
