import { appendFileSync } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { randomHex } from '../../core/runtime/identifiers.js'
import { type Ran, run } from './run.js'

/** Clients are installed once, outside the tree, from whatever registries this machine is set up with. */
export const clientCache = process.env['CLOUDREPO_TEST_CACHE'] ?? join(homedir(), '.cache', 'cloudrepo-test-clients')

/** A client that truly cannot be had: the run says so in its last lines. */
export class NotToBeHad extends Error {}

/** The folder of one client at one version, made by `install` in a folder of its own and moved into place whole. */
export async function cached(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const place = join(clientCache, name)
  if (await exists(place)) return place
  announce(name)
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

/** Tells whoever waits what is being fetched. */
export function announce(name: string): void {
  process.stderr.write(`    installing ${name} …\n`)
}

/** A step of an installation; any end but success means that the client cannot be had. `env`: beside this machine's own. */
export async function must(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const options = { cwd, env: { ...process.env, ...env }, timeout: 600_000 }
  const ran = await run(command, args, options).catch((thrown: Error) => {
    throw new NotToBeHad(`${command} is not here: ${thrown.message}`)
  })
  if (ran.status !== 0) throw new NotToBeHad(`${command} ${args.join(' ')} ended with ${ran.status}: ${lastWords(ran.output)}`)
  return ran
}

/** The last three lines that say something, as one. */
function lastWords(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  return lines
    .filter((line) => line !== '')
    .slice(-3)
    .join(' / ')
    .slice(-400)
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
  suite.timeout(900_000)
  try {
    return await install()
  } catch (thrown) {
    if (!(thrown instanceof NotToBeHad)) throw thrown
    note(`${client}: ${thrown.message.split('\n')[0] ?? ''}`)
    return suite.skip()
  }
}
