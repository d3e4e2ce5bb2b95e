import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { succeed } from '../../clients/run.js'
import { Server } from '../../clients/server.js'

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'host', 'main.js')

describe('Completion in a shell', function () {
  this.timeout(60_000)
  let server: Server
  let env: NodeJS.ProcessEnv
  before(async () => {
    server = await Server.start()
    const bin = join(server.folder, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'cloudrepo'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
    await chmod(join(bin, 'cloudrepo'), 0o755)
    env = { PATH: `${bin}:${process.env['PATH']}`, HOME: server.folder, CLOUDREPO_DATA: server.data }
  })
  after(() => server.stop())

  /** What bash offers where the last word is being written, with the script sourced as a user does. */
  async function offered(...words: readonly string[]): Promise<readonly string[]> {
    const quoted = ['cloudrepo', ...words].map((word) => `'${word}'`).join(' ')
    const script = `eval "$(cloudrepo completion bash)" && complete -p cloudrepo >/dev/null || exit 3
COMP_WORDS=(${quoted}) COMP_CWORD=${words.length}
_cloudrepo cloudrepo
[ \${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await succeed('bash', ['--norc', '-c', script], { cwd: server.folder, env })
    return stdout.split('\n').filter(Boolean)
  }

  it('offers commands, their words, options, and choices', async () => {
    expect(await offered('rep')).to.deep.equal(['report', 'repository'])
    expect(await offered('token', '')).to.deep.equal(['create', 'help', 'list', 'revoke', 'rotate'])
    expect(await offered('member', 'create', 'acme', 'alice', '--pass')).to.deep.equal([
      '--password-hash-stdin',
      '--password-stdin',
    ])
    expect(await offered('member', 'create', 'acme', 'alice', '--role', '')).to.deep.equal([
      'admin',
      'developer',
      'none',
      'owner',
      'reader',
    ])
    expect(await offered('grant', 'set', 'main', 'builders', 'npm', 'ad')).to.deep.equal(['administer'])
    expect(await offered('completion', '')).to.deep.equal(['bash', 'fish', 'zsh'])
    expect(await offered('nothing', 'of', 'the', 'kind')).to.deep.equal([])
  })

  it('offers names that the server knows', async () => {
    expect(await offered('repository', 'list', '')).to.deep.equal(['main'])
    expect(await offered('repository', 'show', 'main', '')).to.deep.equal(['maven', 'npm', 'pypi', 'raw'])
    expect(await offered('member', 'show', 'main', 'ad')).to.deep.equal(['admin'])
    expect(await offered('token', 'create', 'main', 'admin', '--repository', 'p')).to.deep.equal(['pypi'])
    expect(await offered('package', 'list', 'main', 'n')).to.deep.equal(['npm'])
    expect(await offered('format', 'disable', 'main', 'm')).to.deep.equal(['maven'])
    expect(await offered('repository', 'create', 'main', '')).to.deep.equal([])
  })

  it('offers no name that a shell would take for more than a word', async () => {
    for (const name of ['$(reboot)', 'a;b', '`id`', '*', 'two words', 'team-ä']) {
      expect((await server.cli('group', 'create', 'main', name)).status, name).to.equal(0)
    }
    expect(await offered('grant', 'set', 'main', '')).to.deep.equal(['team-ä'])
  })

  it('offers its own words where nobody can be asked for names', async () => {
    const nowhere = ['--url', 'http://127.0.0.1:9', '--token', 'crt_o_none']
    expect(await offered('repository', 'list', ...nowhere, '')).to.deep.equal([])
    expect(await offered('repository', ...nowhere, 'sh')).to.deep.equal(['show'])
  })

  it('has a script for each shell that it names, and refuses others', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout } = await succeed('cloudrepo', ['completion', shell], { cwd: server.folder, env })
      expect(stdout, shell).to.contain('cloudrepo complete -- ')
    }
    const refused = await server.cli('completion', 'tcsh')
    expect([refused.status, refused.stdout]).to.deep.equal([2, ''])
  })
})
