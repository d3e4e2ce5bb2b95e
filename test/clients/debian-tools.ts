import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { announce, must, NotToBeHad } from './client-cache.js'
import { run } from './run.js'

/** The path of a command that this machine has or that Debian's package of that name brings. Installing needs to be root. */
export async function debianTool(command: string, name = command): Promise<string> {
  const here = await onSearchPath(command)
  if (here !== undefined) return here
  if (process.getuid?.() !== 0) throw new NotToBeHad(`${command} is not on the search path, and only root installs ${name}`)
  announce(`${name} (Debian)`)
  const lock = ['-o', 'DPkg::Lock::Timeout=300']
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
  const known = await run('apt-cache', ['show', name], { cwd: '/' }).catch(() => undefined)
  if (known?.status !== 0) await must('apt-get', [...lock, 'update', '-qq'], '/', quiet)
  await must('apt-get', [...lock, 'install', '-y', '-qq', '--no-install-recommends', name], '/', quiet)
  const installed = await onSearchPath(command)
  if (installed === undefined) throw new NotToBeHad(`Debian's ${name} brought no ${command}`)
  return installed
}

/** Where the shell would find it. */
async function onSearchPath(command: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, command)
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (folder !== '' && usable) return path
  }
  return undefined
}
