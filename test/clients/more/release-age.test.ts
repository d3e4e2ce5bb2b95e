import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { nodeRuntime, npmTool } from '../node-tools.js'
import { NpmWorkplace, type NpmWorkplaceOptions } from '../npm-workplace.js'
import { type ClientTarget, Server } from '../server.js'
import { WatchedServer } from '../watched-server.js'

const clients = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..', 'test', 'clients')
const slowClock = { NODE_OPTIONS: `--require ${join(clients, 'clock-behind.cjs')}` }

interface WaitingClient {
  readonly title: string
  readonly install: () => Promise<{ readonly command: string } & NpmWorkplaceOptions>
  /** Settings of `app`; `excepted`: packages of @acme need not wait. */
  readonly settle: (place: NpmWorkplace, target: ClientTarget, excepted: boolean) => Promise<void>
  readonly words: readonly string[]
  /** What it shows its user who wants something too young. */
  readonly refusal: RegExp
}

const pnpm = (version: string, major: number): WaitingClient => ({
  title: `pnpm ${version}`,
  async install() {
    const command = join(await npmTool('pnpm', `pnpm@${version}`), 'pnpm')
    return major === 11 ? { command, path: await nodeRuntime('22') } : { command }
  },
  async settle(place, { token }, excepted) {
    await place.settings({ _authToken: token })
    const lines = ['minimumReleaseAgeStrict: true', ...(excepted ? ['minimumReleaseAgeExclude: ["@acme/*"]'] : [])]
    await writeFile(join(place.project('app'), 'pnpm-workspace.yaml'), `${lines.join('\n')}\n`)
  },
  words: ['install', '--no-frozen-lockfile'],
  refusal: /MINIMUM_RELEASE_AGE|NO_MATURE_MATCHING_VERSION/i,
})

const waiting: readonly WaitingClient[] = [
  pnpm('11.28.11', 11),
  pnpm('12.4.2', 12),
  {
    title: 'yarn 4.18.1',
    install: async () => ({ command: join(await npmTool('yarn', '@yarnpkg/cli-dist@4.18.1'), 'yarn') }),
    async settle(place, { token }, excepted) {
      const lines = [
        `npmRegistryServer: "${place.registry}"`,
        `npmAuthToken: "${token}"`,
        'npmAlwaysAuth: true',
        'unsafeHttpWhitelist: ["127.0.0.1"]',
        'enableTelemetry: false',
        'nodeLinker: node-modules',
        ...(excepted ? ['npmPreapprovedPackages: ["@acme/*"]'] : []),
      ]
      await place.inEveryProject('.yarnrc.yml', `${lines.join('\n')}\n`)
      await writeFile(join(place.project('app'), 'yarn.lock'), '')
    },
    words: ['install', '--no-immutable'],
    refusal: /quarantined|npmMinimalAgeGate/i,
  },
  {
    title: 'deno 2.9.6',
    install: async () => ({ command: join(await npmTool('deno', 'deno@2.9.6'), 'deno') }),
    async settle(place, { token }, excepted) {
      await place.projectSettings({ _authToken: token })
      const age = excepted ? { minimumDependencyAge: { age: 'P1D', exclude: ['npm:@acme/greeting'] } } : {}
      await writeFile(join(place.project('app'), 'deno.json'), JSON.stringify({ nodeModulesDir: 'auto', ...age }))
    },
    words: ['install'],
    refusal: /minimum dependency (age|date)|newer/i,
  },
]

describe('clients that wait before they install what is new', function () {
  this.timeout(180_000)
  let server: Server
  let watched: WatchedServer
  let target: ClientTarget
  before(async () => {
    const past = await Server.start(slowClock)
    await publish(await past.target('npm'), ['shout-words', '1.0.0'], ['greeting', '1.0.0'])
    await past.halt()
    server = await Server.start({}, past.folder)
    watched = await WatchedServer.before(server.url)
    target = { ...(await server.target('npm')), url: watched.url }
    await publish(target, ['greeting', '1.1.0'])
  })
  after(async () => {
    await watched?.close()
    await server?.stop()
  })

  const publish = async (target: ClientTarget, ...packages: readonly (readonly [project: string, version: string])[]) => {
    const npm = await NpmWorkplace.open('npm', target)
    try {
      await npm.settings({ _authToken: target.token })
      for (const [project, version] of packages) {
        const file = join(npm.project(project), 'package.json')
        await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), version }))
        await npm.do(project, 'publish')
      }
    } finally {
      await npm.close()
    }
  }
  for (const { title, install, settle, words, refusal } of waiting) {
    it(`${title} takes what is old enough, asking for each packument once, and what is new where it is excepted alone`, async function () {
      const { command, ...options } = await obtain(this, title, install)
      const place = await NpmWorkplace.open(command, target, options)
      try {
        const wants = (version: string) =>
          writeFile(
            join(place.project('app'), 'package.json'),
            JSON.stringify({ name: 'app', version: '1.0.0', dependencies: { '@acme/greeting': version } }),
          )
        await settle(place, target, false)
        await wants('1.0.0')
        watched.since()
        await place.do('app', ...words)
        expect(await place.start('app')).to.equal('HELLO, NPM!')
        const packuments = watched
          .since()
          .filter((asked) => /^GET \/main\/npm\/(@acme(\/|%2f)greeting|shout-words)$/i.test(asked))
        expect(packuments, packuments.join(', ')).to.have.length(2)

        place.forget()
        await wants('1.1.0')
        const refused = await place.ask('app', ...words)
        expect(refused.status, refused.output).to.not.equal(0)
        expect(refused.output).to.match(refusal)

        await settle(place, target, true)
        await place.do('app', ...words)
        expect(
          await readFile(join(place.project('app'), 'node_modules', '@acme', 'greeting', 'package.json'), 'utf8'),
        ).to.contain('1.1.0')
      } finally {
        await place.close()
      }
    })
  }
})
