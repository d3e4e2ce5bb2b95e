import { expect } from 'chai'
import { withVersion } from './client-version.js'
import { NpmWorkplace } from './npm-workplace.js'
import { type ClientTarget, Server } from './server.js'

describe(`promote and undo, as ${withVersion('npm')} sees them`, function () {
  this.timeout(180_000)
  let server: Server
  let staging: NpmWorkplace
  let stable: NpmWorkplace

  before(async () => {
    server = await Server.start()
    await cli('repository', 'create', 'main', 'stable', '--format', 'npm')
    const target: ClientTarget = await server.target('npm')
    staging = await NpmWorkplace.open('npm', target)
    stable = await NpmWorkplace.open('npm', { ...target, repo: 'stable' })
    for (const npm of [staging, stable]) await npm.settings({ _authToken: target.token })
  })
  after(async () => {
    await staging?.close()
    await stable?.close()
    await server?.stop()
  })

  const cli = async (...words: readonly string[]) => {
    const { status, stdout, stderr } = await server.cli(...words)
    expect([status, stderr], words.join(' ')).to.deep.equal([0, ''])
    return stdout
  }

  it('installs what was promoted, does not find what was deleted, installs what was brought back', async () => {
    expect(await staging.do('shout-words', 'publish')).to.equal('+ shout-words@1.0.0')
    const install = () => {
      stable.forget()
      return stable.ask('empty', 'install', 'shout-words@1.0.0', '--no-save')
    }
    expect((await install()).status).to.not.equal(0)
    await cli('package', 'promote', 'main', 'npm', 'shout-words', '1.0.0', '--to', 'stable')
    expect((await install()).output).to.include('added 1 package')
    await cli('package', 'delete', 'main', 'stable', 'shout-words', '1.0.0')
    expect((await install()).output).to.match(/E404|ETARGET/)
    const [one] = JSON.parse(await cli('deleted', 'list', 'main', 'stable', '--json')) as { readonly id: string }[]
    await cli('deleted', 'restore', 'main', 'stable', one?.id ?? '')
    expect((await install()).status).to.equal(0)
  })
})
