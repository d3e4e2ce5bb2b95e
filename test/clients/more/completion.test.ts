import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { withVersion } from '../client-version.js'
import { debianTool } from '../debian-tools.js'
import { cleanEnvironment, succeed } from '../run.js'
import { Server } from '../server.js'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'host', 'main.js')
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ')

/** What a shell runs to say what it offers where the last word is being written, with the script sourced as its users do. */
const shells: Readonly<Record<'zsh' | 'fish', (words: readonly string[]) => readonly string[]>> = {
  // Its own widgets need a terminal: what the function hands to them is printed instead.
  zsh: (words) => [
    '-f',
    '-c',
    `autoload -Uz compinit && compinit -u -D && eval "$(cloudrepo completion zsh)" || exit 3
(( $+_comps[cloudrepo] )) || exit 4
compadd() { shift; (( $# == 0 )) || print -rl -- "$@" }
words=(cloudrepo ${quoted(words)}) CURRENT=${words.length + 1}
$_comps[cloudrepo]`,
  ],
  fish: (words) => [
    '--no-config',
    '-c',
    `cloudrepo completion fish | source; or exit 3
complete -C "cloudrepo ${words.join(' ')}"`,
  ],
}

for (const shell of ['zsh', 'fish'] as const)
  describe(`${withVersion(shell)}, completing cloudrepo`, function () {
    this.timeout(180_000)
    let server: Server | undefined
    let command: string
    let env: NodeJS.ProcessEnv
    before(async function () {
      command = await obtain(this, shell, () => debianTool(shell))
      server = await Server.start()
      const bin = join(server.folder, 'bin')
      await mkdir(bin)
      await writeFile(join(bin, 'cloudrepo'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
      await chmod(join(bin, 'cloudrepo'), 0o755)
      const clean = cleanEnvironment(server.folder)
      env = { ...clean, PATH: `${bin}:${clean['PATH'] ?? process.env['PATH']}`, CLOUDREPO_DATA: server.data }
    })
    after(() => server?.stop())

    async function offered(...words: readonly string[]): Promise<readonly string[]> {
      const { stdout } = await succeed(command, shells[shell](words), { cwd: server?.folder ?? '', env })
      return stdout.split('\n').filter(Boolean).sort()
    }

    it('offers commands, their words, options and choices', async () => {
      expect(await offered('repo')).to.deep.equal(['report', 'repository'])
      expect(await offered('token', '')).to.deep.equal(['create', 'help', 'list', 'revoke', 'rotate'])
      expect(await offered('member', 'create', 'acme', 'alice', '--pass')).to.deep.equal([
        '--password-hash-stdin',
        '--password-stdin',
      ])
      expect(await offered('completion', '')).to.deep.equal(['bash', 'fish', 'zsh'])
      expect(await offered('nothing', 'of', 'the', 'kind')).to.deep.equal([])
    })

    it('offers names that the server knows', async () => {
      expect(await offered('repository', 'show', 'main', '')).to.deep.equal(['maven', 'npm', 'pypi', 'raw'])
      expect(await offered('token', 'create', 'main', 'admin', '--repository', 'p')).to.deep.equal(['pypi'])
    })
  })
