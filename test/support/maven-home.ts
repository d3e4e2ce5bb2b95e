import { execFile } from 'node:child_process'
import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where the `mvn` on the path lies; undefined on a machine without one. */
export async function findMavenHome(): Promise<string | undefined> {
  try {
    const { stdout } = await run('mvn', ['-v'], { timeout: 60_000 })
    return /Maven home: (.+)/.exec(stdout)?.[1]?.trim()
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

/** The jar of that name, whatever its version, in the library folder of a Maven installation. */
export async function findLibrary(home: string, name: string): Promise<string | undefined> {
  const entries = await readdir(join(home, 'lib'))
  const found = entries.find((entry) => new RegExp(`^${name}(?:-\\d[^/]*)?\\.jar$`).test(entry))
  return found === undefined ? undefined : realpath(join(home, 'lib', found))
}
