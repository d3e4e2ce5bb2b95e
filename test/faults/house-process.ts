import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ListenerManner } from './listener.js'
import type { Build } from './racing-store.js'

const program = join(dirname(fileURLToPath(import.meta.url)), 'sweep-main.js')

/** One serving process over a folder that others serve too. */
export class HouseProcess {
  private child: ChildProcess | undefined
  url = ''

  constructor(
    private readonly folder: string,
    private readonly build: Build,
    private readonly hoursAhead = 0,
    private readonly manner: ListenerManner = hoursAhead === 0 ? 'failing' : 'steady',
    private readonly point = '',
  ) {}

  async start(): Promise<void> {
    const words = [this.folder, this.build, String(this.hoursAhead), this.manner, this.point]
    const child = spawn(process.execPath, [program, ...words], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    this.child = child
    const exited = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the process ended before it was ready: ${String(code ?? signal)}`)
    })
    exited.catch(() => {})
    const ready = once(createInterface(child.stdout ?? process.stdin), 'line').then(([line]) =>
      String(line).replace('ready ', ''),
    )
    this.url = await Promise.race([ready, exited])
  }

  /** From here on it dies where it was told to. */
  async arm(): Promise<void> {
    const armed = once(this.running, 'message')
    this.running.send('arm')
    await armed
  }

  /** By itself; the signal that ended it. */
  async died(): Promise<NodeJS.Signals | null> {
    const { running } = this
    if (running.exitCode === null && running.signalCode === null)
      await once(running, 'exit', { signal: AbortSignal.timeout(60_000) })
    return running.signalCode
  }

  private get running(): ChildProcess {
    if (!this.child) throw new Error('the process was not started')
    return this.child
  }

  async kill(): Promise<void> {
    const { child } = this
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async tokens(): Promise<{ readonly token: string; readonly operator: string }> {
    return JSON.parse(await readFile(join(this.folder, 'tokens'), 'utf8')) as { token: string; operator: string }
  }
}
