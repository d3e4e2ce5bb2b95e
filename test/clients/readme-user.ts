import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileOf, type ReadmeBlock } from '../support/readme-blocks.js'
import { buildSdist } from '../support/sdist-builder.js'
import { buildWheel } from '../support/wheel-builder.js'
import { mavenProjects } from './maven-workplace.js'
import { cleanEnvironment, type Ran, run } from './run.js'
import type { ClientTarget, Server } from './server.js'

const launcher = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'host', 'launch.cjs')

/** Somebody who does what a page says, line by line, with a file, an npm package, a Maven project and a Python project at hand. */
export class ReadmeUser {
  private constructor(
    readonly folder: string,
    private readonly server: Server,
    private readonly target: ClientTarget,
    private readonly pythonBin: string,
  ) {}

  static async arrive(server: Server, target: ClientTarget, pythonBin: string, warmMaven: string): Promise<ReadmeUser> {
    const user = new ReadmeUser(await mkdtemp(join(tmpdir(), 'readme-user-')), server, target, pythonBin)
    const at = (...path: string[]) => join(user.folder, ...path)
    for (const folder of ['home/.m2', 'work/dist', 'another-project', 'maven']) await mkdir(at(folder), { recursive: true })
    // curl takes a refusal for a success unless it is told otherwise.
    await writeFile(at('home/.curlrc'), 'fail-with-body\n')
    await cp(warmMaven, at('home/.m2/repository'), { recursive: true })
    await cp(mavenProjects, at('maven'), { recursive: true })
    await symlink(server.data, at('work/data'))
    await writeFile(at('work/notes.txt'), 'a note\n')
    await writeFile(at('work/package.json'), '{"name":"your-package","version":"1.0.0","main":"index.js"}')
    await writeFile(at('work/index.js'), 'module.exports = "used"')
    await writeFile(at('another-project/package.json'), '{"name":"another-project","version":"1.0.0"}')
    for (const built of [
      buildWheel({ name: 'your-package', version: '1.0.0' }),
      await buildSdist({ name: 'your-package', version: '1.0.0' }),
    ])
      await writeFile(at('work/dist', built.filename), built.content)
    return user
  }
  leave(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true })
  }

  /** Follows the blocks from the first to the last, and stops at the first line that fails, which the output then names. `given`: what the page takes for
   *  known. */
  async follow(blocks: readonly ReadmeBlock[], given: NodeJS.ProcessEnv): Promise<Ran> {
    const prelude = [
      'set -euE -o pipefail',
      `trap 'echo "$AT: failed: $BASH_COMMAND" >&2' ERR`,
      `cloudrepo() { '${process.execPath}' '${launcher}' "$@"; }`,
    ]
    const steps: string[] = []
    for (const block of blocks) steps.push(`AT=${block.file}:${block.line}`, ...(await this.step(block)))
    const env = this.environment(given)
    return run('bash', ['-c', [...prelude, ...steps].join('\n')], { cwd: join(this.folder, 'work'), env, timeout: 300_000 })
  }

  /** Something of its own beside what the page says, with the same knowledge; stops at the first line that fails. */
  async also(command: string, given: NodeJS.ProcessEnv): Promise<Ran> {
    return this.follow([{ file: 'besides', line: 0, language: 'sh', text: command, sentence: '' }], given)
  }

  private async step(block: ReadmeBlock): Promise<readonly string[]> {
    const text = this.here(block.text)
    if (block.language === 'sh')
      return text
        .split('\n')
        .filter((line) => !isOwnScript(line))
        .map(inItsPlace)
    const name = fileOf(block)
    if (name === 'pom.xml') await this.insertIntoPoms(text)
    const file = name.replace(/^~/, '$HOME')
    const written =
      name === 'pom.xml'
        ? []
        : [
            `cat > "${file}" <<'END OF BLOCK'\n${text}\nEND OF BLOCK`,
            ...(name === file ? [`cp ${file} ../another-project/`] : []),
          ]
    const then = [...block.sentence.matchAll(/`(mvn [^`]+)`/g)].map((match) => `(cd ../maven/lib && ${match[1]})`)
    return [...written, ...then]
  }

  /** The page's address, and what it leaves to be filled in. */
  private here(text: string): string {
    return text
      .replaceAll('127.0.0.1:8080', new URL(this.target.url).host)
      .replaceAll(/>(PASSWORD OR )?TOKEN</g, `>${this.target.token}<`)
      .replaceAll('npm run -s cloudrepo --', 'cloudrepo')
  }

  /** In both projects, in place of what they have for the same. */
  private async insertIntoPoms(text: string): Promise<void> {
    for (const project of ['lib', 'app']) {
      const file = join(this.folder, 'maven', project, 'pom.xml')
      const own = (await readFile(file, 'utf8'))
        .replace('<version>VERSION</version>', '<version>1.0</version>')
        .replace(/<(distributionManagement|repositories)>[\s\S]*<\/\1>\n/, '')
      await writeFile(file, own.replace('</project>', `${text}\n</project>`))
    }
  }

  private environment(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const home = join(this.folder, 'home')
    return cleanEnvironment(home, {
      PATH: `${this.pythonBin}:${process.env['PATH'] ?? ''}`,
      // Java takes the home from the list of users.
      MAVEN_OPTS: `-Duser.home=${home}`,
      CLOUDREPO_DATA: this.server.data,
      npm_config_update_notifier: 'false',
      PIP_TARGET: join(this.folder, 'site'),
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      ...given,
    })
  }
}

/** `npm start` and its like: of this project, not of a client. */
export function isOwnScript(line: string): boolean {
  return /^npm (start|test|run test:)/.test(line)
}
function inItsPlace(line: string): string {
  const elsewhere = /^(\S.*?)\s+# in another project/.exec(line)?.[1]
  return elsewhere === undefined ? line : `(cd ../another-project && ${elsewhere})`
}
