import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MavenTool } from './maven-tools.js'
import { cleanEnvironment, type Ran, run } from './run.js'
import type { ClientTarget } from './server.js'

export const mavenProjects = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'examples', 'clients', 'maven')

/** The example projects, a home, settings and a local repository of their own, for one Maven. */
export class MavenWorkplace {
  private constructor(
    readonly folder: string,
    private readonly tool: MavenTool,
    private readonly target: ClientTarget,
    readonly secret: string,
  ) {}

  static async open(
    tool: MavenTool,
    target: ClientTarget,
    credentials: { readonly name: string; readonly secret: string },
  ): Promise<MavenWorkplace> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudrepo-maven-'))
    await mkdir(join(folder, 'home'))
    await cp(mavenProjects, folder, { recursive: true })
    const settings = `<settings><servers><server><id>cloudrepo</id><username>${credentials.name}</username><password>${credentials.secret}</password></server></servers></settings>`
    await writeFile(join(folder, 'settings.xml'), settings, { mode: 0o600 })
    const place = new MavenWorkplace(folder, tool, target, credentials.secret)
    await place.forget()
    return place
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  get url(): string {
    return `${this.target.url}/${this.target.org}/${this.target.repo}/`
  }

  /** A local repository that knows the plugins and nothing of ours. */
  async forget(): Promise<void> {
    await rm(join(this.folder, 'm2'), { recursive: true, force: true })
    await cp(this.tool.warm, join(this.folder, 'm2'), { recursive: true })
  }

  /** Writes version and greeting into the library and deploys it. */
  async deploy(version: string, greeting: string, ...options: readonly string[]): Promise<Ran> {
    await this.write('lib/pom.xml', 'VERSION', version)
    await this.write('lib/src/main/java/org/demo/lib/Greeting.java', 'GREETING', greeting)
    return this.mvn('lib', ...options, 'clean', 'deploy')
  }

  /** Builds the application with the library at that version or range, and runs it; answers what it says. */
  async greet(version: string): Promise<string> {
    const built = await this.mvn(
      'app',
      `-Dlib.version=${version}`,
      'clean',
      'package',
      'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
    )
    if (built.status !== 0) throw new Error(built.output)
    const ran = await run('java', ['-cp', 'target/classes:target/dependency/*', 'org.demo.app.Main'], {
      cwd: join(this.folder, 'app'),
    })
    return ran.output.trim()
  }

  mvn(project: string, ...args: readonly string[]): Promise<Ran> {
    const common = [
      '-B',
      '-s',
      join(this.folder, 'settings.xml'),
      `-Dmaven.repo.local=${join(this.folder, 'm2')}`,
      `-Drepo.url=${this.url}`,
    ]
    // Each run is short: what the compiler of the second tier would gain it costs.
    const env = cleanEnvironment(join(this.folder, 'home'), { MAVEN_OPTS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' })
    return run(this.tool.command, [...common, ...args], { cwd: join(this.folder, project), env, timeout: 300_000 })
  }

  private async write(path: string, placeholder: string, text: string): Promise<void> {
    const original = await readFile(join(mavenProjects, path), 'utf8')
    await writeFile(join(this.folder, path), original.replace(placeholder, text))
  }
}
