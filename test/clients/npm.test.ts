import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { withVersion } from './client-version.js'
import { advisory, withoutMirror } from './npm-audits.js'
import { NpmWorkplace } from './npm-workplace.js'
import { type ClientTarget, Server } from './server.js'

// The one that came with Node.
describe(withVersion('npm'), function () {
  this.timeout(180_000)
  let server: Server
  let target: ClientTarget
  let npm: NpmWorkplace

  before(async () => {
    server = await Server.start()
    target = await server.target('npm')
    npm = await NpmWorkplace.open('npm', target)
    await npm.settings({ _authToken: target.token })
  })
  after(async () => {
    await npm?.close()
    await server?.stop()
  })

  const versionTo = async (project: string, version: string) => {
    const file = join(npm.project(project), 'package.json')
    const manifest = JSON.parse(await readFile(file, 'utf8')) as object
    await writeFile(file, JSON.stringify({ ...manifest, version }))
  }

  it('knows who it is', async () => {
    expect(await npm.do('app', 'whoami')).to.equal(target.login)
    expect((await npm.ask('app', 'ping')).status).to.equal(0)
  })

  it('publishes a package without a scope and one with', async () => {
    expect(await npm.do('shout-words', 'publish')).to.equal('+ shout-words@1.0.0')
    expect(await npm.do('greeting', 'publish')).to.equal('+ @acme/greeting@1.0.0')
  })

  it('is refused when it publishes a version again', async () => {
    const again = await npm.ask('shout-words', 'publish')
    expect(again.status).to.not.equal(0)
    expect(again.output).to.include('You cannot publish over the previously published versions: 1.0.0')
  })

  it('views what was published', async () => {
    const view = JSON.parse(await npm.do('app', 'view', '@acme/greeting', '--json')) as Record<string, unknown>
    expect(view).to.deep.include({
      name: '@acme/greeting',
      version: '1.0.0',
      description: 'Greets somebody, in a scope',
      'dist-tags': { latest: '1.0.0' },
      bin: { greeting: 'greet.js' },
    })
  })

  it('installs with an empty cache, and runs what it installed', async () => {
    npm.forget()
    await npm.do('app', 'install')
    expect(await npm.start('app')).to.equal('HELLO, NPM!')
    const lock = JSON.parse(await readFile(join(npm.project('app'), 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string }>
    }
    expect(lock.packages['node_modules/@acme/greeting']?.resolved).to.equal(`${npm.registry}@acme/greeting/-/greeting-1.0.0.tgz`)
  })

  it('installs from its lock file alone', async () => {
    npm.forget()
    await rm(join(npm.project('app'), 'node_modules'), { recursive: true })
    await npm.do('app', 'ci')
    expect(await npm.start('app')).to.equal('HELLO, NPM!')
  })

  it('verifies the signatures of what it installed, also after the key was rotated and after it was revoked', async () => {
    const verified = '2 packages have verified registry signatures'
    for (const rotation of [undefined, ['--overlap', '1h'], ['--revoke']]) {
      if (rotation !== undefined) expect((await server.cli('signing', 'rotate', 'main', ...rotation)).status).to.equal(0)
      npm.forget()
      expect(await npm.with(withoutMirror).do('app', 'audit', 'signatures')).to.contain(verified)
    }
  })

  it('audits by advisories that the operator loads from a file', async () => {
    const none = await npm.ask('app', 'audit')
    expect([none.status, none.stdout.trim()], none.output).to.deep.equal([0, 'found 0 vulnerabilities'])
    expect(none.stderr).to.contain('No advisories are loaded on this registry')
    const loaded = await server.cliReading(JSON.stringify(advisory), 'advisories', 'load', '-', '--json')
    expect(JSON.parse(loaded.stdout), loaded.output).to.deep.include({ advisories: 1, passedOver: 0 })
    const audited = await npm.ask('app', 'audit')
    expect(audited.status).to.equal(1)
    expect(audited.output).to.contain('Shouts too loud').and.to.contain('2 high severity vulnerabilities')
    expect((await server.cli('advisories', 'clear')).status).to.equal(0)
  })

  it('sees a new version at once, though it has just cached what there was', async () => {
    await npm.do('app', 'view', 'shout-words', 'version')
    await versionTo('shout-words', '1.1.0')
    await npm.do('shout-words', 'publish')
    await npm.do('app', 'install', 'shout-words@1.1.0', '--no-save')
    expect(await npm.do('app', 'view', 'shout-words', 'version')).to.equal('1.1.0')
  })

  it('sets, lists and removes tags', async () => {
    await npm.do('app', 'dist-tag', 'add', 'shout-words@1.0.0', 'stable')
    expect((await npm.do('app', 'dist-tag', 'ls', 'shout-words')).split('\n')).to.deep.equal(['latest: 1.1.0', 'stable: 1.0.0'])
    expect(await npm.do('app', 'view', 'shout-words@stable', 'version')).to.equal('1.0.0')
    await npm.do('app', 'dist-tag', 'rm', 'shout-words', 'stable')
    expect(await npm.do('app', 'dist-tag', 'ls', 'shout-words')).to.equal('latest: 1.1.0')
  })

  it('deprecates a version, and takes it back', async () => {
    await npm.do('app', 'deprecate', 'shout-words@1.0.0', 'too quiet')
    expect(await npm.do('app', 'view', 'shout-words@1.0.0', 'deprecated')).to.equal('too quiet')
    await npm.do('app', 'undeprecate', 'shout-words@1.0.0')
    expect(await npm.do('app', 'view', 'shout-words@1.0.0', 'deprecated')).to.equal('')
  })

  it('searches, and lists owners', async () => {
    const found = JSON.parse(await npm.do('app', 'search', 'greeting', '--json')) as { name: string }[]
    expect(found.map(({ name }) => name)).to.deep.equal(['@acme/greeting'])
    expect(await npm.do('app', 'owner', 'ls', '@acme/greeting')).to.match(/^admin\b/)
  })

  it('adds an owner and removes it, signed in by name and password', async () => {
    const made = await server.cli('member', 'create', 'main', 'bob', '--role', 'reader')
    expect(made.status, made.output).to.equal(0)
    const owners = async () => (await npm.do('app', 'owner', 'ls', 'shout-words')).split('\n').map((line) => line.trim())
    try {
      await npm.settings({ _auth: Buffer.from(`${target.login}:${target.password}`).toString('base64') })
      const before = await npm.do('app', 'view', 'shout-words', 'versions', '--json')
      await npm.do('app', 'owner', 'add', 'bob', 'shout-words')
      expect(await owners()).to.deep.equal(['admin <>', 'bob <>'])
      await npm.do('app', 'owner', 'rm', 'bob', 'shout-words')
      expect(await owners()).to.deep.equal(['admin <>'])
      expect(await npm.do('app', 'view', 'shout-words', 'versions', '--json')).to.equal(before)
      expect(await npm.do('app', 'view', 'shout-words')).to.not.contain('undefined')
    } finally {
      await npm.settings({ _authToken: target.token })
    }
  })

  it('does without an optional dependency that is nowhere, and not without one that is needed', async () => {
    const file = join(npm.project('empty'), 'package.json')
    const manifest = (dependencies: object) =>
      writeFile(file, JSON.stringify({ name: 'empty', version: '1.0.0', ...dependencies }))
    await manifest({ dependencies: { 'shout-words': '1.0.0' }, optionalDependencies: { 'is-nowhere': '1.0.0' } })
    await npm.do('empty', 'install')
    expect(JSON.parse(await npm.do('empty', 'ls', '--json'))).to.have.nested.property('dependencies.shout-words.version', '1.0.0')
    await manifest({ dependencies: { 'is-nowhere': '1.0.0' } })
    const refused = await npm.ask('empty', 'install')
    expect(refused.status).to.not.equal(0)
    expect(refused.output).to.include('E404')
    await rm(file)
  })

  it('fails to unpublish without the right to delete', async () => {
    const issued = await server.cli('token', 'create', 'main', 'admin', '--name', 'writes', '--scope', 'write')
    try {
      await npm.settings({ _authToken: issued.stdout.trim() })
      for (const spec of ['shout-words@1.1.0', 'shout-words']) {
        const refused = await npm.ask('app', 'unpublish', spec, '--force')
        expect(refused.status, spec).to.not.equal(0)
        expect(refused.output).to.include('E403').and.include('You do not have permission to unpublish "shout-words".')
      }
      expect(await npm.do('app', 'view', 'shout-words', 'version')).to.equal('1.1.0')
    } finally {
      await npm.settings({ _authToken: target.token })
    }
  })

  it('gives a star, lists what has one, and takes it back', async () => {
    const listed = async () => (await npm.do('app', 'stars', target.login)).split('\n').filter(Boolean)
    await npm.do('app', 'star', 'shout-words')
    expect(JSON.parse(await npm.do('app', 'view', 'shout-words', 'users', '--json'))).to.deep.equal({ [target.login]: true })
    expect(await listed()).to.deep.equal(['shout-words'])
    await npm.do('app', 'unstar', 'shout-words')
    expect((await npm.do('app', 'view', 'shout-words', 'versions')).length).to.be.greaterThan(0)
    expect((await npm.ask('app', 'stars', target.login)).output).to.not.contain('shout-words')
  })

  it('unpublishes one version, then all', async () => {
    await npm.do('app', 'unpublish', 'shout-words@1.1.0')
    expect(await npm.do('app', 'view', 'shout-words', 'versions', '--json')).to.equal('[\n  "1.0.0"\n]')
    const again = await npm.ask('shout-words', 'publish')
    expect(again.output).to.include('Cannot publish over previously unpublished version 1.1.0.')
    await npm.do('app', 'unpublish', '@acme/greeting', '--force')
    expect((await npm.ask('app', 'view', '@acme/greeting')).output).to.include('E404')
  })

  it('logs in by name and password, works with the token it got, and logs out', async () => {
    await npm.settings({})
    const refused = await npm.ask('app', 'view', 'shout-words')
    expect(refused.output).to.include('E401')
    const login = await npm.converse(
      ['login', '--auth-type=legacy'],
      [
        ['Username:', target.login],
        ['Password:', target.password],
      ],
    )
    expect(login.status, login.output).to.equal(0)
    expect(await npm.do('app', 'whoami')).to.equal(target.login)
    const settings = await readFile(join(npm.home, '.npmrc'), 'utf8')
    const [, token = ''] = /:_authToken=(\S+)/.exec(settings) ?? []
    expect(token).to.match(/^crt_u_/)
    await versionTo('shout-words', '1.2.0')
    expect(await npm.do('shout-words', 'publish')).to.equal('+ shout-words@1.2.0')
    await npm.do('app', 'logout')
    await npm.settings({ _authToken: token })
    expect((await npm.ask('app', 'whoami')).output).to.include('E401')
  })

  it('falls back from the web login, which is not here, by itself', async () => {
    await npm.settings({})
    const login = await npm.converse(
      ['login'],
      [
        ['Username:', target.login],
        ['Password:', target.password],
      ],
    )
    expect(login.status, login.output).to.equal(0)
    expect(await npm.do('app', 'whoami')).to.equal(target.login)
  })

  it('works with name and password in its settings', async () => {
    const both = Buffer.from(`${target.login}:${target.password}`).toString('base64')
    for (const [credentials, version] of [
      [{ _auth: both }, '1.3.0'],
      [{ username: target.login, _password: Buffer.from(target.password).toString('base64') }, '1.4.0'],
    ] as const) {
      npm.forget()
      await npm.settings(credentials)
      await versionTo('shout-words', version)
      expect(await npm.do('shout-words', 'publish')).to.equal(`+ shout-words@${version}`)
      await npm.do('empty', 'install', `shout-words@${version}`)
      expect(await npm.do('app', 'whoami')).to.equal(target.login)
    }
  })
})
