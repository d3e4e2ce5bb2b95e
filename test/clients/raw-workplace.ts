import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from './client-cache.js'
import { debianTool } from './debian-tools.js'
import { cleanEnvironment, type Ran, run, succeed } from './run.js'
import { type ClientTarget, Server } from './server.js'

/** Everything that an address, a page or a shell could take for something else. */
export const strangeNames = [
  ...['x y.txt', 'é.txt', '100%.txt', 'q?x.txt', 'h#x.txt', '<b>&".txt', "it's.txt", '[br].txt', 'a+b.txt', '..dots.txt'],
  ...['sub/f.txt', 'sub/deep/f.txt'],
]

/** A client of plain files at work: a server as a user starts it, a repository `raw`, one that speaks WebDAV, a folder and a home of its own. */
export class RawWorkplace {
  private constructor(
    readonly command: string,
    private server: Server,
    private readonly settings: NodeJS.ProcessEnv,
    readonly target: ClientTarget,
    readonly folder: string,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  /** In a suite's `before`; a client that cannot be had leaves the suite pending. */
  static async open(
    suite: Mocha.Context,
    command: string,
    name = command,
    settings: NodeJS.ProcessEnv = {},
  ): Promise<RawWorkplace> {
    const path = await obtain(suite, name, () => debianTool(command, name))
    const folder = await mkdtemp(join(tmpdir(), `${name}-`))
    const server = await Server.start(settings)
    const target = await server.target('raw')
    const made = await server.cli('repository', 'create', 'main', 'dav', '--format', 'raw', '--webdav')
    expect(made.status, made.output).to.equal(0)
    return new RawWorkplace(path, server, settings, target, folder, cleanEnvironment(folder))
  }

  async close(): Promise<void> {
    await this.server.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** As after `kill -9`: another process, the same data, the same address. */
  async restart(): Promise<void> {
    await this.server.kill()
    this.server = await Server.start({ ...this.settings, CLOUDREPO_LISTEN: new URL(this.target.url).host }, this.server.folder)
  }

  /** `http://127.0.0.1:PORT/main/{repo}/` */
  base(repo = 'raw'): string {
    return `${this.target.url}/main/${repo}/`
  }
  /** The same with a name and the token in it, for clients that take them there. */
  signed(repo = 'raw'): string {
    return this.base(repo).replace('://', `://ci:${this.target.token}@`)
  }
  get authorization(): string {
    return `Basic ${Buffer.from(`ci:${this.target.token}`).toString('base64')}`
  }

  run(...words: string[]): Promise<Ran> {
    return run(this.command, words, { cwd: this.folder, env: this.env })
  }
  succeed(...words: string[]): Promise<Ran> {
    return succeed(this.command, words, { cwd: this.folder, env: this.env })
  }
  /** Commands of an interactive client, line by line. */
  converse(words: readonly string[], lines: readonly string[]): Promise<Ran> {
    return run(this.command, words, { cwd: this.folder, env: this.env, input: `${lines.join('\n')}\n` })
  }

  async put(path: string, body: string | Uint8Array, repo = 'raw'): Promise<void> {
    const address = this.base(repo) + path.split('/').map(encodeURIComponent).join('/')
    const headers = { authorization: `Bearer ${this.target.token}` }
    const answer = await fetch(address, { method: 'PUT', body: body as string, headers })
    expect(answer.status).to.be.oneOf([200, 201, 204])
  }
  async get(path: string, repo = 'raw'): Promise<string | undefined> {
    const address = this.base(repo) + path.split('/').map(encodeURIComponent).join('/')
    const answer = await fetch(address, { headers: { authorization: `Bearer ${this.target.token}` } })
    const body = await answer.text()
    return answer.status === 200 ? body : undefined
  }
  /** Every file below a folder of the repository, in order. */
  async stored(folder = '', repo = 'raw'): Promise<readonly string[]> {
    const address = `${this.base(repo)}${folder}?format=json&recursive=true`
    const answer = await fetch(address, { headers: { authorization: `Bearer ${this.target.token}` } })
    if (answer.status === 404) return []
    return ((await answer.json()) as { entries: { name: string }[] }).entries.map(({ name }) => name)
  }

  write(name: string, content: string | Uint8Array): Promise<void> {
    return writeFile(join(this.folder, name), content)
  }
  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8')
  }
  /** Every file below a folder on disk, in order. */
  async files(folder: string): Promise<readonly string[]> {
    const root = join(this.folder, folder)
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .sort()
  }
}
