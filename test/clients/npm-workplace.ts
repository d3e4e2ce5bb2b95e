import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment, type Ran, run, succeed } from './run.js'
import type { ClientTarget } from './server.js'

const projects = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'examples', 'clients', 'npm')

/** What a client needs beside its command. */
export interface NpmWorkplaceOptions {
  /** A folder to be searched before all others: that of the Node it runs on. */
  readonly path?: string
  readonly env?: NodeJS.ProcessEnv
}

/** A folder with the example projects and one without anything, and a home and caches of its own, for one client that speaks npm. */
export class NpmWorkplace {
  private caches = 0
  private constructor(
    readonly folder: string,
    readonly home: string,
    private readonly command: string,
    private readonly target: ClientTarget,
    private readonly options: NpmWorkplaceOptions,
  ) {}

  static async open(command: string, target: ClientTarget, options: NpmWorkplaceOptions = {}): Promise<NpmWorkplace> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-npm-'))
    const home = join(folder, 'home')
    await mkdir(home)
    await mkdir(join(folder, 'empty'))
    await cp(projects, folder, { recursive: true })
    return new NpmWorkplace(folder, home, command, target, options)
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  get registry(): string {
    return `${this.target.url}/${this.target.org}/${this.target.repo}/`
  }

  /** The home's `.npmrc`: our registry, and these settings for its address. */
  async settings(credentials: Readonly<Record<string, string>>, ...more: readonly string[]): Promise<void> {
    await writeFile(join(this.home, '.npmrc'), this.npmrc(credentials, more), { mode: 0o600 })
  }

  /** The same in every project, where it is the only one. */
  async projectSettings(credentials: Readonly<Record<string, string>>, ...more: readonly string[]): Promise<void> {
    await this.inEveryProject('.npmrc', this.npmrc(credentials, more))
  }

  async inEveryProject(file: string, text: string): Promise<void> {
    for (const project of ['shout-words', 'greeting', 'app', 'empty']) await writeFile(join(this.project(project), file), text)
  }

  private npmrc(credentials: Readonly<Record<string, string>>, more: readonly string[]): string {
    const address = this.registry.slice('http:'.length)
    const lines = Object.entries(credentials).map(([name, value]) => `${address}:${name}=${value}`)
    return [`registry=${this.registry}`, ...lines, ...more, ''].join('\n')
  }

  /** From here on nothing that was fetched before is remembered. */
  forget(): void {
    this.caches += 1
  }

  /** The same place, for commands that need more of their environment. */
  with(env: NodeJS.ProcessEnv): NpmWorkplace {
    const { folder, home, command, target, options } = this
    const same = new NpmWorkplace(folder, home, command, target, { ...options, env: { ...options.env, ...env } })
    same.caches = this.caches
    return same
  }

  project(name: string): string {
    return join(this.folder, name)
  }

  async ask(project: string, ...args: readonly string[]): Promise<Ran> {
    return run(this.command, args, { cwd: this.project(project), env: this.env() })
  }
  /** The same, where anything but success fails the test. */
  async do(project: string, ...args: readonly string[]): Promise<string> {
    return (await succeed(this.command, args, { cwd: this.project(project), env: this.env() })).stdout.trim()
  }
  async start(project: string): Promise<string> {
    return (await succeed('node', ['index.js'], { cwd: this.project(project), env: this.env() })).stdout.trim()
  }

  /** Runs a command that asks questions, and answers each as it appears; what it does not ask, because it knows it already, is not answered. */
  async converse(
    args: readonly string[],
    answers: readonly (readonly [question: string, answer: string])[],
    { project = '.', terminal = false }: { readonly project?: string; readonly terminal?: boolean } = {},
  ): Promise<Ran> {
    // Some ask a terminal alone: script(1) is one.
    const [command, words] = terminal
      ? ['script', ['-qec', [this.command, ...args].join(' '), '/dev/null']]
      : [this.command, args]
    const child = spawn(command, words, { cwd: this.project(project), env: this.env(), stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    const open = new Map(answers)
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    const look = () => {
      for (const [question, answer] of open) {
        if (!(stdout + stderr).includes(question)) continue
        open.delete(question)
        child.stdin.write(`${answer}\n`)
      }
    }
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8')
      look()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8')
      look()
    })
    child.stdin.on('error', () => {})
    const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 137)))
    clearTimeout(timer)
    return { status, stdout, stderr, output: stdout + stderr }
  }

  /** Of every process: settings of nobody else, and all caches below one folder. */
  env(): NodeJS.ProcessEnv {
    const cache = (name: string) => join(this.folder, `cache-${this.caches}`, name)
    const { path, env } = this.options
    return cleanEnvironment(this.home, {
      ...(path === undefined ? {} : { PATH: `${path}:${process.env['PATH'] ?? ''}` }),
      XDG_CACHE_HOME: cache('xdg'),
      XDG_DATA_HOME: cache('data'),
      YARN_GLOBAL_FOLDER: cache('yarn'),
      BUN_INSTALL_CACHE_DIR: cache('bun'),
      DENO_DIR: cache('deno'),
      NPM_TOKEN: this.target.token,
      npm_config_cache: cache('npm'),
      npm_config_update_notifier: 'false',
      npm_config_fund: 'false',
      ...env,
    })
  }
}
