import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cleanEnvironment, type Ran, run, succeed } from './run.js'
import type { ClientTarget } from './server.js'

/** A project under git with an origin beside it, for tools that release what is in it; the registry's settings are its own and its home's. */
export class GitWorkspace {
  private constructor(
    readonly folder: string,
    private readonly target: ClientTarget,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** `files`: path to text, or to what becomes JSON. */
  static async open(
    target: ClientTarget,
    files: Readonly<Record<string, string | object>>,
    env: NodeJS.ProcessEnv = {},
  ): Promise<GitWorkspace> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-git-'))
    const home = join(folder, 'home')
    await mkdir(home)
    const own = cleanEnvironment(home, {
      NPM_TOKEN: target.token,
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.com',
      npm_config_update_notifier: 'false',
      ...env,
    })
    const place = new GitWorkspace(folder, target, own)
    const registry = place.registry
    const settings = `registry=${registry}\n${registry.slice('http:'.length)}:_authToken=${target.token}\n`
    await writeFile(join(home, '.npmrc'), settings)
    await succeed('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(folder, 'origin')], {
      cwd: folder,
      env: own,
    })
    await succeed('git', ['clone', '--quiet', join(folder, 'origin'), join(folder, 'work')], { cwd: folder, env: own })
    await place.commit('feat: begin', { ...files, '.npmrc': settings })
    return place
  }
  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true })
  }

  get registry(): string {
    return `${this.target.url}/${this.target.org}/${this.target.repo}/`
  }
  get work(): string {
    return join(this.folder, 'work')
  }

  /** Writes the files, commits and pushes them. */
  async commit(message: string, files: Readonly<Record<string, string | object>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.work, path)), { recursive: true })
      await writeFile(join(this.work, path), typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
    }
    await this.do('git', 'add', '--all')
    await this.do('git', 'commit', '--quiet', '-m', message)
    await this.do('git', 'push', '--quiet', 'origin', 'HEAD:main')
  }

  async do(command: string, ...args: readonly string[]): Promise<string> {
    return (await succeed(command, args, { cwd: this.work, env: this.env })).output
  }
  ask(command: string, ...args: readonly string[]): Promise<Ran> {
    return run(command, args, { cwd: this.work, env: this.env })
  }

  /** The versions that the registry has of a package, in the order of their publication; none of one it does not know. */
  async published(name: string): Promise<readonly string[]> {
    const answer = await fetch(`${this.registry}${name}`, { headers: { authorization: `Bearer ${this.target.token}` } })
    if (answer.status === 404) return []
    return Object.keys(((await answer.json()) as { versions: object }).versions)
  }
}
