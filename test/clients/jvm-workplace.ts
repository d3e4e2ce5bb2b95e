import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pomOf } from '../support/maven-deployment.js'
import { buildZip } from '../support/zip-builder.js'
import { cleanEnvironment, type Ran, run, succeed } from './run.js'
import type { ClientTarget } from './server.js'

/** A folder and a home of its own for one client that runs on Java, and the repository it talks to. */
export class JvmWorkplace {
  private constructor(
    readonly folder: string,
    readonly target: ClientTarget,
    private readonly more: NodeJS.ProcessEnv,
  ) {}

  static async open(target: ClientTarget, more: NodeJS.ProcessEnv = {}): Promise<JvmWorkplace> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-jvm-'))
    await mkdir(join(folder, 'home'))
    return new JvmWorkplace(folder, target, more)
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  /** With its final slash. */
  get url(): string {
    return `${this.target.url}/${this.target.org}/${this.target.repo}/`
  }

  async write(path: string, content: string | Uint8Array): Promise<string> {
    const place = join(this.folder, path)
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, content)
    return place
  }
  async read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8')
  }
  async names(path: string): Promise<readonly string[]> {
    return (await readdir(join(this.folder, path)).catch(() => [])).sort()
  }
  async forget(path: string): Promise<void> {
    await rm(join(this.folder, path), { recursive: true, force: true })
  }

  /** Anything but success fails the test. */
  java(args: readonly string[], cwd = ''): Promise<Ran> {
    return this.succeed('java', [`-Duser.home=${join(this.folder, 'home')}`, ...args], cwd)
  }
  succeed(command: string, args: readonly string[], cwd = ''): Promise<Ran> {
    return succeed(command, args, this.options(cwd))
  }
  run(command: string, args: readonly string[], cwd = ''): Promise<Ran> {
    return run(command, args, this.options(cwd))
  }
  private options(cwd: string) {
    const env = cleanEnvironment(join(this.folder, 'home'), this.more)
    return { cwd: join(this.folder, cwd), env, timeout: 300_000 }
  }

  /** One request with the token; answers the body of a success. */
  async http(method: string, path: string, body?: string | Uint8Array): Promise<string> {
    const headers = { authorization: `Bearer ${this.target.token}` }
    const answer = await fetch(this.url + path, { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`)
    return text
  }

  /** org.demo:NAME:VERSION as any deployer sends it: jar (with one file that says `word`), POM, metadata. */
  async deploy(name: string, version: string, word = `${name} ${version}`): Promise<void> {
    const place = `org/demo/${name}/${version}/${name}-${version}`
    await this.http('PUT', `${place}.jar`, buildZip([{ name: 'word.txt', content: word }]))
    await this.http('PUT', `${place}.pom`, pomOf({ group: 'org.demo', artifact: name, version }))
    await this.complete(name, version)
  }

  /** What clients that send no metadata leave to half a minute of quiet. */
  async complete(name: string, version: string): Promise<void> {
    const metadata = `<metadata><groupId>org.demo</groupId><artifactId>${name}</artifactId><versioning><versions><version>${version}</version></versions></versioning></metadata>`
    await this.http('PUT', `org/demo/${name}/maven-metadata.xml`, metadata)
  }

  /** What `maven-metadata.xml` lists. */
  async versions(name: string): Promise<readonly string[]> {
    const metadata = await this.http('GET', `org/demo/${name}/maven-metadata.xml`)
    return [...metadata.matchAll(/<version>(.*?)<\/version>/g)].map(([, version = '']) => version)
  }
}
