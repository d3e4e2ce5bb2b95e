import { join } from 'node:path'
import { expect } from 'chai'
import { nodeRuntime, npmTool } from '../node-tools.js'
import { npmFlow } from '../npm-flow.js'
import type { NpmWorkplace } from '../npm-workplace.js'
import type { ClientTarget } from '../server.js'

for (const version of ['9.15.9', '11.28.11', '12.4.2'])
  npmFlow({
    title: `pnpm ${version}`,
    async install() {
      const command = join(await npmTool('pnpm', `pnpm@${version}`), 'pnpm')
      return version.startsWith('11.') ? { command, path: await nodeRuntime('22') } : { command }
    },
    // From 10 on the token is taken from the home alone, and written out.
    settle: (place, { token }) => place.settings({ _authToken: token }),
    whoami: ['whoami'],
    publish: ['publish', '--no-git-checks'],
    refusal: /cannot publish over the previously published version/i,
    view: ['view', '@acme/greeting', 'version'],
    addTag: ['dist-tag', 'add', '@acme/greeting@1.0.0', 'stable'],
    listTags: ['dist-tag', 'ls', '@acme/greeting'],
    installAll: ['install'],
    installLocked: ['install', '--frozen-lockfile'],
    lockFile: 'pnpm-lock.yaml',
    audit: ['audit'],
    ...(Number.parseInt(version, 10) < 11 ? {} : { signatures: ['audit', 'signatures'], more: ownCommands }),
  })

/** What older ones hand on to npm. */
function ownCommands(place: () => NpmWorkplace, target: () => ClientTarget): void {
  it('searches, deprecates a version, takes it back, and unpublishes it', async () => {
    const pnpm = place()
    expect(await pnpm.do('app', 'search', 'greets')).to.contain('@acme/greeting')
    await pnpm.do('app', 'owner', 'add', 'shout-words', 'somebody')
    expect(await pnpm.do('app', 'owner', 'ls', 'shout-words')).to.match(/admin\b[\s\S]*somebody/)
    await pnpm.do('app', 'owner', 'rm', 'shout-words', 'somebody')
    await pnpm.do('app', 'deprecate', 'shout-words@1.0.0', 'too quiet')
    expect((await pnpm.ask('app', 'view', 'shout-words@1.0.0', 'deprecated')).output).to.contain('too quiet')
    await pnpm.do('app', 'undeprecate', 'shout-words@1.0.0')
    expect((await pnpm.ask('app', 'view', 'shout-words@1.0.0', 'deprecated')).output).to.not.contain('too quiet')
    await pnpm.do('app', 'unpublish', 'shout-words@1.0.0', '--force')
    expect((await pnpm.ask('app', 'view', 'shout-words')).status).to.not.equal(0)
  })

  it('logs in by name and password, where there is no login by browser, and logs out', async () => {
    const { login, password } = target()
    const pnpm = place()
    await pnpm.settings({})
    expect((await pnpm.ask('app', 'whoami')).status).to.not.equal(0)
    const answers = [
      ['sername', login],
      ['assword', password],
      ['mail', 'admin@example.com'],
    ] as const
    const { status, output } = await pnpm.converse(['login'], answers, { project: 'app', terminal: true })
    expect(status, output).to.equal(0)
    expect(await pnpm.do('app', 'whoami')).to.equal(login)
    await pnpm.do('app', 'logout')
    expect((await pnpm.ask('app', 'whoami')).status).to.not.equal(0)
  })
}
