import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from './client-cache.js'
import { npmTool } from './node-tools.js'
import { NpmWorkplace } from './npm-workplace.js'
import { type ClientTarget, Server } from './server.js'

describe('pnpm 10.34.9', function () {
  this.timeout(180_000)
  let server: Server
  let target: ClientTarget
  let pnpm: NpmWorkplace

  before(async function () {
    const bin = await obtain(this, 'pnpm 10.34.9', () => npmTool('pnpm', 'pnpm@10.34.9'))
    server = await Server.start()
    target = await server.target('npm')
    pnpm = await NpmWorkplace.open(join(bin, 'pnpm'), target)
    await pnpm.settings({ _authToken: target.token })
  })
  after(async () => {
    await pnpm?.close()
    await server?.stop()
  })

  it('knows who it is', async () => {
    expect(await pnpm.do('app', 'whoami')).to.equal(target.login)
  })

  it('publishes a package without a scope and one with', async () => {
    expect(await pnpm.do('shout-words', 'publish', '--no-git-checks')).to.include('+ shout-words@1.0.0')
    expect(await pnpm.do('greeting', 'publish', '--no-git-checks')).to.include('+ @acme/greeting@1.0.0')
  })

  it('is refused when it publishes a version again', async () => {
    const again = await pnpm.ask('greeting', 'publish', '--no-git-checks')
    expect(again.status).to.not.equal(0)
    expect(again.output).to.include('cannot publish over the previously published versions: 1.0.0')
  })

  it('views what was published, and its tags', async () => {
    expect(await pnpm.do('app', 'view', '@acme/greeting', 'version')).to.equal('1.0.0')
    await pnpm.do('app', 'dist-tag', 'add', '@acme/greeting@1.0.0', 'stable')
    expect((await pnpm.do('app', 'dist-tag', 'ls', '@acme/greeting')).split('\n')).to.deep.equal([
      'latest: 1.0.0',
      'stable: 1.0.0',
    ])
  })

  it('installs with an empty store, and runs what it installed', async () => {
    pnpm.forget()
    await pnpm.do('app', 'install')
    expect(await pnpm.start('app')).to.equal('HELLO, NPM!')
  })

  it('installs from its lock file alone', async () => {
    pnpm.forget()
    await rm(join(pnpm.project('app'), 'node_modules'), { recursive: true })
    await pnpm.do('app', 'install', '--frozen-lockfile')
    expect(await pnpm.start('app')).to.equal('HELLO, NPM!')
  })

  it('logs in by name and password', async () => {
    await pnpm.settings({})
    const login = await pnpm.converse(
      ['login', '--auth-type=legacy'],
      [
        ['Username:', target.login],
        ['Password:', target.password],
      ],
    )
    expect(login.status, login.output).to.equal(0)
    expect(await pnpm.do('app', 'whoami')).to.equal(target.login)
  })

  it('works with name and password in its settings', async () => {
    pnpm.forget()
    await pnpm.settings({ _auth: Buffer.from(`${target.login}:${target.password}`).toString('base64') })
    await rm(join(pnpm.project('app'), 'node_modules'), { recursive: true })
    await pnpm.do('app', 'install', '--frozen-lockfile')
    expect(await pnpm.start('app')).to.equal('HELLO, NPM!')
  })
})
