import { access, appendFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from './client-cache.js'
import { auditTwice, withoutMirror } from './npm-audits.js'
import { NpmWorkplace, type NpmWorkplaceOptions } from './npm-workplace.js'
import { succeed } from './run.js'
import { type ClientTarget, Server } from './server.js'

/** How one client of the npm protocol says what all of them do. Words are arguments of its command. */
export interface NpmClient {
  /** 'npm 6.14.18' */
  readonly title: string
  /** Installs it; answers its command, and what else it needs. */
  readonly install: () => Promise<{ readonly command: string } & NpmWorkplaceOptions>
  /** Default: registry and token in the `.npmrc` of every project, the token taken from the environment. */
  readonly settle?: (place: NpmWorkplace, target: ClientTarget) => Promise<void>
  readonly whoami?: readonly string[]
  /** Run in a project before it is published. */
  readonly prepare?: readonly string[]
  /** Without it, npm publishes for a client that cannot. */
  readonly publish?: readonly string[]
  /** What it shows its user who publishes other content under a version that exists. */
  readonly refusal?: RegExp
  /** Publishes too, and does not mind a version that exists. */
  readonly tolerant?: readonly string[]
  /** Shows the version of @acme/greeting, in whatever it prints. */
  readonly view?: readonly string[]
  readonly addTag?: readonly string[]
  readonly listTags?: readonly string[]
  readonly installAll: readonly string[]
  /** Installs what its lock file says, or fails. */
  readonly installLocked: readonly string[]
  readonly lockFile: string
  /** Runs index.js; default: Node itself does. */
  readonly start?: readonly string[]
  readonly audit?: readonly string[]
  /** Whatever it finds. */
  readonly auditEndsWithZero?: boolean
  /** Verifies the signatures of everything that is installed. */
  readonly signatures?: readonly string[]
  /** Further flows, after these. */
  readonly more?: (place: () => NpmWorkplace, target: () => ClientTarget) => void
}

/** One suite: a private repository, the token of its owner, and everything this client does from publishing to its lock file. */
export function npmFlow(client: NpmClient): void {
  describe(client.title, function () {
    this.timeout(180_000)
    let server: Server
    let target: ClientTarget
    let place: NpmWorkplace

    before(async function () {
      const { command, ...options } = await obtain(this, client.title, client.install)
      server = await Server.start()
      target = await server.target('npm')
      place = await NpmWorkplace.open(command, target, options)
      if (client.settle) await client.settle(place, target)
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the client expands it
      else await place.projectSettings({ _authToken: '${NPM_TOKEN}' })
    })
    after(async () => {
      await place?.close()
      await server?.stop()
    })

    const start = async () =>
      (client.start ? await place.do('app', ...client.start) : await place.start('app')).split('\n').at(-1)
    const withoutModules = async () => {
      for (const made of ['node_modules', '.pnp.cjs', '.yarn'])
        await rm(join(place.project('app'), made), { recursive: true, force: true })
    }
    const { whoami, publish, refusal, tolerant, view, addTag, listTags, audit, signatures } = client

    const greeting = async () =>
      (await fetch(`${place.registry}@acme/greeting/1.0.0`, { headers: { authorization: `Bearer ${target.token}` } })).json()

    if (whoami)
      it('knows who it is', async () => {
        expect((await place.do('app', ...whoami)).split('\n').join(' ')).to.contain(target.login)
      })

    it(`${publish ? 'publishes' : 'finds what npm published,'} a package without a scope and one with`, async () => {
      for (const project of ['shout-words', 'greeting']) {
        if (client.prepare) await place.do(project, ...client.prepare)
        if (publish) await place.do(project, ...publish)
        else await succeed('npm', ['publish'], { cwd: place.project(project), env: place.env() })
      }
      expect(await greeting()).to.deep.include({ name: '@acme/greeting', version: '1.0.0', license: 'Apache-2.0' })
    })

    if (publish && refusal)
      it('is refused when it publishes other content under a version that exists', async () => {
        await appendFile(join(place.project('greeting'), 'index.js'), '// changed\n')
        const again = await place.ask('greeting', ...publish)
        expect(again.status, again.output).to.not.equal(0)
        expect(again.output).to.match(refusal)
      })

    if (tolerant)
      it('goes on where it is told that the version may exist', async () => {
        const before = await greeting()
        await place.do('greeting', ...tolerant)
        expect(await greeting()).to.deep.equal(before)
      })

    if (view)
      it('views what was published', async () => {
        expect(await place.do('app', ...view)).to.contain('1.0.0')
      })

    if (addTag && listTags)
      it('sets and lists tags', async () => {
        await place.do('app', ...addTag)
        expect(await place.do('app', ...listTags)).to.match(/latest[^\n]*1\.0\.0[\s\S]*stable[^\n]*1\.0\.0/)
      })

    it('installs with an empty cache, and runs what it installed', async () => {
      place.forget()
      await place.do('app', ...client.installAll)
      expect(await start()).to.equal('HELLO, NPM!')
      await access(join(place.project('app'), client.lockFile))
    })

    it('installs from its lock file alone, with a warm cache and with an empty one, and leaves it as it is', async () => {
      const lock = await readFile(join(place.project('app'), client.lockFile))
      for (const prepare of [() => {}, () => place.forget()]) {
        prepare()
        await withoutModules()
        await place.do('app', ...client.installLocked)
        expect(await start()).to.equal('HELLO, NPM!')
      }
      expect((await readFile(join(place.project('app'), client.lockFile))).equals(lock)).to.equal(true)
    })

    if (audit)
      it('audits what it installed, and finds what the operator has loaded', () =>
        auditTwice(place, server, audit, client.auditEndsWithZero ?? false))

    if (signatures)
      it('verifies the signature of everything that it installed', async () => {
        const verified = await place.with(withoutMirror).do('app', ...signatures)
        expect(verified).to.match(/2 packages have verified registry signatures/)
      })

    client.more?.(
      () => place,
      () => target,
    )
  })
}
