import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../host/launch.cjs', import.meta.url))

export interface MoveEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** `cloudrepo move` in a process of its own, that can be killed. */
export class Moving {
  readonly ended: Promise<MoveEnd>
  private readonly child: ChildProcess

  constructor(folder: string, env: Readonly<Record<string, string>>, to: string) {
    const child = spawn(process.execPath, [main, 'move', '--to', to, '--json'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child = child
    const said = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk: Buffer) => {
        said[stream] += chunk.toString()
      })
    this.ended = once(child, 'close').then(() => ({ status: child.exitCode, signal: child.signalCode, ...said }))
  }

  /** As `kill -9` does, after so many milliseconds, where it has not ended by then. */
  async killedAfter(milliseconds: number): Promise<MoveEnd> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), milliseconds)
    return this.ended.finally(() => clearTimeout(timer))
  }
}
