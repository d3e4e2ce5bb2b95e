import { spawnSync } from 'node:child_process'

/** The version that a client on the search path reports, for the title of its suite: 'curl 7.88.1'. */
export function withVersion(name: string, command = name, ...args: readonly string[]): string {
  const { stdout } = spawnSync(command, args.length > 0 ? args : ['--version'], { encoding: 'utf8' })
  return `${name} ${/\d+(\.\d+)+[\w.-]*/.exec(stdout ?? '')?.[0] ?? 'absent'}`
}
