import { appendFileSync } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { randomHex } from '../../core/runtime/identifiers.js'
import { run } from './run.js'

/** Clients are installed once, outside the tree, from whatever registries this machine is set up with. */
export const clientCache = process.env['CLOUDREPO_TEST_CACHE'] ?? join(homedir(), '.cache', 'cloudrepo-test-clients')

/** A client that truly cannot be had: the run says so in its last lines. */
export class NotToBeHad extends Error {}

/** The folder of one client at one version, made by `install` in a folder of its own and moved into place whole. */
export async function cached(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const place = join(clientCache, name)
  if (await exists(place)) return place
  const folder = join(clientCache, `.making-${randomHex(4)}`)
  await mkdir(folder, { recursive: true })
  try {
    await install(folder)
    await rename(folder, place)
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true })
    // Another run may have been faster.
    if (await exists(place)) return place
    throw thrown
  }
  return place
}

/** `npm install` of one package; answers the folder that holds its commands. */
export async function npmTool(name: string, spec: string): Promise<string> {
  const folder = await cached(`npm-${name}-${spec.replaceAll(/[^a-z0-9.]+/gi, '_')}`, async (making) => {
    await must('npm', ['install', '--prefix', making, '--no-save', '--no-package-lock', '--no-audit', '--no-fund', spec], making)
  })
  return join(folder, 'node_modules', '.bin')
}

/** A Python environment with the given requirements; answers the folder that holds its commands. An environment knows its own path, so it is made in
 *  place, and a marker says that it is whole. */
export async function pythonTools(name: string, specs: readonly string[]): Promise<string> {
  const place = join(clientCache, `py-${name}`)
  const marker = join(place, '.whole')
  if (!(await exists(marker))) {
    await rm(place, { recursive: true, force: true })
    await mkdir(clientCache, { recursive: true })
    await must('python3', ['-m', 'venv', place], clientCache)
    if (specs.length > 0)
      await must(
        join(place, 'bin', 'python'),
        ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...specs],
        place,
      )
    await mkdir(marker)
  }
  return join(place, 'bin')
}

async function must(command: string, args: readonly string[], cwd: string): Promise<void> {
  const ran = await run(command, args, { cwd, timeout: 300_000 }).catch((thrown: Error) => {
    throw new NotToBeHad(`${command} is not here: ${thrown.message}`)
  })
  if (ran.status !== 0) throw new NotToBeHad(`${command} ${args.join(' ')} ended with ${ran.status}: ${ran.output.slice(-600)}`)
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** What was not tested, for the last lines of the run. */
export function note(line: string): void {
  const file = process.env['CLOUDREPO_TEST_NOTES']
  if (file) appendFileSync(file, `  ${line}\n`)
  else process.stderr.write(`not tested: ${line}\n`)
}

/** In a suite's `before`: the client, or a suite that is shown as pending and named at the end of the run. */
export async function obtain<T>(suite: Mocha.Context, client: string, install: () => Promise<T>): Promise<T> {
  suite.timeout(600_000)
  try {
    return await install()
  } catch (thrown) {
    if (!(thrown instanceof NotToBeHad)) throw thrown
    note(`${client}: ${thrown.message.split('\n')[0] ?? ''}`)
    return suite.skip()
  }
}
