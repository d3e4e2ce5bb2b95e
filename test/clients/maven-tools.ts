import { cp, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, must, NotToBeHad } from './client-cache.js'
import { copyPlugin, mavenArchive } from './java-tools.js'
import { mavenProjects } from './maven-workplace.js'
import { run } from './run.js'

export interface MavenTool {
  readonly version: string
  readonly command: string
  /** A local repository that holds every plugin the example projects need, and nothing else. */
  readonly warm: string
}

async function mvn(command: string, args: readonly string[], cwd: string): Promise<void> {
  await must(command, ['-B', '-q', ...args], cwd)
}

/** The `mvn` on the path. */
export async function systemMaven(): Promise<MavenTool> {
  const asked = await run('mvn', ['-v'], { cwd: '/', timeout: 60_000 }).catch((thrown: Error) => {
    throw new NotToBeHad(`mvn is not on the path: ${thrown.message}`)
  })
  const version = /Apache Maven ([\w.-]+)/.exec(asked.stdout)?.[1] ?? 'unknown'
  return { version, command: 'mvn', warm: await warmRepository('mvn', version) }
}

/** One fetched by the machine's own Maven, as an artifact like any other. */
export async function fetchedMaven(version: string): Promise<MavenTool> {
  const home = await mavenArchive(`org.apache.maven:apache-maven:${version}:tar.gz:bin`)
  const command = join(home, 'bin', 'mvn')
  return { version, command, warm: await warmRepository(command, version) }
}

/** Builds the example projects once with the machine's own settings, against a folder, so that no run needs an upstream afterwards. */
async function warmRepository(command: string, version: string): Promise<string> {
  const folder = await cached(`maven-warm-${version}`, async (making) => {
    const local = join(making, 'm2')
    const url = `file://${join(making, 'target')}`
    await cp(mavenProjects, join(making, 'projects'), { recursive: true })
    const common = [`-Dmaven.repo.local=${local}`, `-Drepo.url=${url}`]
    const lib = join(making, 'projects', 'lib')
    await setVersion(lib, '0.0.1')
    await mvn(command, [...common, 'deploy'], lib)
    await mvn(
      command,
      [...common, '-Dlib.version=0.0.1', 'package', `${copyPlugin}:copy-dependencies`],
      join(making, 'projects', 'app'),
    )
    for (const name of await readdir(join(local, 'org', 'demo')).catch(() => []))
      await rename(join(local, 'org', 'demo', name), join(making, `made-${name}`))
  })
  return join(folder, 'm2')
}

async function setVersion(project: string, version: string): Promise<void> {
  const done = await run('sed', ['-i.bak', `s/VERSION/${version}/`, 'pom.xml'], { cwd: project })
  if (done.status !== 0) throw new Error(done.output)
}
