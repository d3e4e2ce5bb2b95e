import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment, type Ran, run, succeed } from './run.js'
import type { ClientTarget } from './server.js'

const projects = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'examples', 'clients', 'npm')

/** A folder with the example projects and one without anything, and a home and caches of its own, for one client that speaks npm. */
export class NpmWorkplace {
  private caches = 0
  private constructor(
    readonly folder: string,
    readonly home: string,
    private readonly command: string,
    private readonly target: ClientTarget,
  ) {}

  static async open(command: string, target: ClientTarget): Promise<NpmWorkplace> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-npm-'))
    const home = join(folder, 'home')
    await mkdir(home)
    await mkdir(join(folder, 'empty'))
    await cp(projects, folder, { recursive: true })
    return new NpmWorkplace(folder, home, command, target)
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  get registry(): string {
    return `${this.target.url}/${this.target.org}/${this.target.repo}/`
  }

  /** The home's `.npmrc`: our registry, and these settings for its address. */
  async settings(credentials: Readonly<Record<string, string>>): Promise<void> {
    const address = this.registry.slice('http:'.length)
    const lines = Object.entries(credentials).map(([name, value]) => `${address}:${name}=${value}`)
    await writeFile(join(this.home, '.npmrc'), [`registry=${this.registry}`, ...lines, ''].join('\n'), { mode: 0o600 })
  }

  /** From here on nothing that was fetched before is remembered. */
  forget(): void {
    this.caches += 1
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
    return (await succeed(process.execPath, ['index.js'], { cwd: this.project(project), env: this.env() })).stdout.trim()
  }

  /** Runs a command that asks questions, and answers each as it appears. */
  async converse(args: readonly string[], answers: readonly (readonly [question: string, answer: string])[]): Promise<Ran> {
    const child = spawn(this.command, args, { cwd: this.folder, env: this.env(), stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    let next = 0
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    const look = () => {
      const [question, answer] = answers[next] ?? []
      if (question === undefined || !(stdout + stderr).includes(question)) return
      next += 1
      child.stdin.write(`${answer}\n`)
      look()
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

  private env(): NodeJS.ProcessEnv {
    const cache = (name: string) => join(this.folder, `cache-${this.caches}`, name)
    return cleanEnvironment(this.home, {
      npm_config_cache: cache('npm'),
      // npm knows neither, and says so.
      ...(basename(this.command) === 'pnpm' ? { npm_config_store_dir: cache('store'), npm_config_cache_dir: cache('pnpm') } : {}),
      npm_config_update_notifier: 'false',
      npm_config_fund: 'false',
    })
  }
}
