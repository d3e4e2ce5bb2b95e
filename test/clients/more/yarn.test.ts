import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { npmTool } from '../node-tools.js'
import { npmFlow } from '../npm-flow.js'
import type { NpmWorkplace } from '../npm-workplace.js'
import type { ClientTarget } from '../server.js'

npmFlow({
  title: 'yarn 1.22.22',
  install: async () => ({ command: join(await npmTool('yarn', 'yarn@1.22.22'), 'yarn') }),
  async settle(place, { token }) {
    await place.settings({ _authToken: token, 'always-auth': 'true' })
    await place.inEveryProject('.yarnrc', `registry "${place.registry}"\n`)
  },
  publish: ['publish', '--non-interactive'],
  refusal: /cannot publish over the previously published version/i,
  view: ['info', '@acme/greeting', 'version'],
  addTag: ['tag', 'add', '@acme/greeting@1.0.0', 'stable'],
  listTags: ['tag', 'list', '@acme/greeting'],
  installAll: ['install'],
  installLocked: ['install', '--frozen-lockfile'],
  lockFile: 'yarn.lock',
  // Its audit asks the public registry, whatever its settings say.
  more(place, target) {
    it('asks for name and password where it has no token, publishes, and gives back the token it got', async () => {
      const { login, password, token } = target()
      const yarn = place().with({ CI: undefined })
      await yarn.settings({ 'always-auth': 'true' })
      const answers = [
        ['question npm username', login],
        ['question npm email', 'admin@example.com'],
        ['question npm password', password],
      ] as const
      const published = await yarn.converse(['publish', '--new-version', '1.1.0', '--no-git-tag-version'], answers, {
        project: 'shout-words',
        terminal: true,
      })
      expect(published.status, published.output).to.equal(0)
      const authorization = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
      const listed = await fetch(`${yarn.registry}-/npm/v1/tokens`, { headers: { authorization } })
      expect(((await listed.json()) as { objects: { name: string }[] }).objects.map(({ name }) => name)).to.deep.equal([
        'client-test',
      ])
      await yarn.settings({ _authToken: token, 'always-auth': 'true' })
      expect(await yarn.do('app', 'info', 'shout-words', 'version')).to.contain('1.1.0')
    })
  },
})

for (const version of ['3.8.7', '4.18.1'])
  npmFlow({
    title: `yarn ${version}`,
    install: async () => ({ command: join(await npmTool('yarn', `@yarnpkg/cli-dist@${version}`), 'yarn') }),
    settle: (place) => berrySettings(place, version),
    whoami: ['npm', 'whoami'],
    prepare: ['install', '--no-immutable'],
    publish: ['npm', 'publish'],
    refusal: /cannot publish over the previously published version/i,
    tolerant: ['npm', 'publish', '--tolerate-republish'],
    view: ['npm', 'info', '@acme/greeting'],
    addTag: ['npm', 'tag', 'add', '@acme/greeting@1.0.0', 'stable'],
    listTags: ['npm', 'tag', 'list', '@acme/greeting'],
    installAll: ['install', '--no-immutable'],
    installLocked: ['install', '--immutable'],
    lockFile: 'yarn.lock',
    start: ['run', 'start'],
    audit: ['npm', 'audit', '--recursive'],
    more: logIn,
  })

/** Its own settings file, and an empty lock file, which marks the root of a project. */
async function berrySettings(place: NpmWorkplace, version: string): Promise<void> {
  const lines = [
    `npmRegistryServer: "${place.registry}"`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the client expands it
    'npmAuthToken: "${NPM_TOKEN}"',
    'npmAlwaysAuth: true',
    'unsafeHttpWhitelist: ["127.0.0.1"]',
    'enableTelemetry: false',
    // A version that was published a second ago is in quarantine by default.
    ...(version.startsWith('3.') ? [] : ['npmMinimalAgeGate: 0']),
  ]
  await place.inEveryProject('.yarnrc.yml', `${lines.join('\n')}\n`)
  for (const project of ['shout-words', 'greeting', 'app', 'empty'])
    await writeFile(join(place.project(project), 'yarn.lock'), '')
}

function logIn(place: () => NpmWorkplace, target: () => ClientTarget): void {
  it('logs in by name and password', async () => {
    const { login, password } = target()
    const yarn = place()
    const settings = join(yarn.project('app'), '.yarnrc.yml')
    await writeFile(settings, (await readFile(settings, 'utf8')).replace(/^npmAuthToken.*\n/m, ''))
    expect((await yarn.ask('app', 'npm', 'whoami')).status).to.not.equal(0)
    const answers = [
      ['Username', login],
      ['Password', password],
    ] as const
    const { status, output } = await yarn.converse(['npm', 'login'], answers, { project: 'app' })
    expect(status, output).to.equal(0)
    expect(await yarn.do('app', 'npm', 'whoami')).to.contain(login)
  })
}
