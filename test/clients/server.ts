import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { cloudHouseOf, onCloud } from '../support/cloud-house.js'
import { childrenOf } from '../support/worker-processes.js'
import { cleanEnvironment, type Ran, run } from './run.js'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'host', 'launch.cjs')

/** A server that is told to stop has its share in the run's coverage. */
const coverage = process.env['NODE_V8_COVERAGE'] === undefined ? {} : { NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'] }

/** So many processes serve wherever a test says nothing else: what can be noticed from outside must hold with any number. */
export const testWorkers = process.env['CLOUDREPO_TEST_WORKERS'] ?? '1'

/** What a client test needs to know of the house it talks to. */
export interface ClientTarget {
  /** 'http://127.0.0.1:PORT' */
  readonly url: string
  readonly org: string
  readonly repo: string
  readonly login: string
  readonly password: string
  readonly token: string
}

/** The server in a process of its own, started as a user starts it, on a fresh data folder. */
export class Server {
  private constructor(
    readonly folder: string,
    readonly url: string,
    /** What it printed until it was ready. */
    readonly greeting: string,
    readonly process: ChildProcess,
    private readonly env: NodeJS.ProcessEnv,
    private readonly told: () => string,
  ) {}

  /** `program`: another executable that speaks the same command line. `descriptors`: so many files and sockets it may have open. */
  static async start(settings: NodeJS.ProcessEnv = {}, folder?: string, program = main, descriptors?: number): Promise<Server> {
    const place = folder ?? (await mkdtemp(join(tmpdir(), 'cloudrepo-server-')))
    const env = cleanEnvironment(place, {
      CLOUDREPO_LISTEN: '127.0.0.1:0',
      CLOUDREPO_WORKERS: testWorkers,
      CLOUDREPO_DATA: join(place, 'data'),
      ...coverage,
      ...(onCloud && settings['CLOUDREPO_BLOBS'] === undefined ? await cloudHouseOf(place) : {}),
      ...settings,
    })
    const words = [process.execPath, program, 'serve']
    const [command = '', ...rest] =
      descriptors === undefined ? words : ['sh', '-c', `ulimit -n ${descriptors} && exec "$@"`, 'sh', ...words]
    const child = spawn(command, rest, { cwd: place, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let greeting = ''
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-1_000_000)
    })
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        greeting += `${line}\n`
        if (line.startsWith('ready ')) resolve(line.slice('ready '.length))
      })
      child.on('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${greeting}${log}`)))
    })
    return new Server(place, url, greeting, child, env, () => log)
  }

  get pid(): number {
    return this.process.pid ?? 0
  }

  /** What it wrote to its log, the last of it. */
  get log(): string {
    return this.told()
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  /** The organization of the first start, as its owner. `repo` is one of its repositories. */
  async target(repo: string): Promise<ClientTarget> {
    const password = (await readFile(join(this.data, 'admin-password'), 'utf8')).trim()
    const issued = await this.cli('token', 'create', 'main', 'admin', '--name', 'client-test', '--scope', 'delete')
    if (issued.status !== 0) throw new Error(issued.output)
    return { url: this.url, org: 'main', repo, login: 'admin', password, token: issued.stdout.trim() }
  }

  /** The command line, as an operator on this machine has it: it finds the server by its data folder. */
  cli(...args: readonly string[]): Promise<Ran> {
    return this.cliReading('', ...args)
  }

  /** The same, with something on its standard input. */
  cliReading(input: string, ...args: readonly string[]): Promise<Ran> {
    return run(process.execPath, [main, ...args], { cwd: this.folder, env: this.env, input })
  }

  /** As `kill -9` of all its processes does. */
  async kill(): Promise<void> {
    const workers = this.workers
    const ended = this.end('SIGKILL')
    for (const pid of workers) process.kill(pid, 'SIGKILL')
    await ended
  }

  /** As `kill -9` of its first process alone. */
  async killPrimary(): Promise<void> {
    await this.end('SIGKILL')
  }

  /** Process ids of those that serve for it, where several do. */
  get workers(): readonly number[] {
    if (this.env['CLOUDREPO_WORKERS'] === '1' || this.process.exitCode !== null || this.process.signalCode !== null) return []
    return childrenOf(this.pid)
  }

  /** Told to stop, and gone: its log is whole then. Answers its exit status. */
  async halt(): Promise<number | null> {
    await this.end('SIGTERM')
    return this.process.exitCode
  }

  async stop(): Promise<void> {
    await this.halt()
    await rm(this.folder, { recursive: true, force: true })
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const gone = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill(signal)
    await gone
  }
}
