import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type Application, startApplication } from './app.js'

const run = promisify(execFile)

describe('the house inside an application of somebody else', function () {
  this.timeout(60_000)
  let folder: string
  let application: Application
  let token: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embedded-'))
    application = await startApplication(join(folder, 'data'))
    const { setup } = application.house
    await setup.createOrganization('acme')
    const { id } = await setup.createMember('acme', { name: 'dora', password: 'dora-keeps-a-secret', role: 'developer' })
    await setup.createRepository('acme', { name: 'files', format: 'raw' })
    await setup.createRepository('acme', { name: 'npm', format: 'npm' })
    const scopes = [{ kind: 'repository', repository: '*', level: 'write' }] as const
    token = (await setup.issueToken('acme', id, { name: 'ci', scopes: [...scopes] })).token
  })
  after(async () => {
    await application.close()
    await rm(folder, { recursive: true, force: true })
  })
  const curl = async (...words: readonly string[]) => (await run('curl', ['--silent', '--show-error', ...words])).stdout

  it('serves files to curl below its path', async () => {
    const content = randomBytes(300_000)
    const [sent, received] = [join(folder, 'sent'), join(folder, 'received')]
    await writeFile(sent, content)
    const address = `${application.url}/packages/acme/files/a/b.bin`
    const user = ['--fail-with-body', '--user', `any:${token}`]
    await curl(...user, '--upload-file', sent, address)
    await curl(...user, '--output', received, address)
    expect((await readFile(received)).equals(content)).to.equal(true)
  })

  it('takes a package from npm and gives it back, links and all', async () => {
    const base = `${application.url}/packages/acme/npm/`
    const settings = `registry=${base}\n${base.replace('http:', '')}:_authToken=${token}\nupdate-notifier=false\naudit=false\nfund=false\n`
    const project = await mkdtemp(join(folder, 'project-'))
    await writeFile(join(project, '.npmrc'), settings)
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'greeting', version: '1.0.0' }))
    await writeFile(join(project, 'index.js'), 'module.exports = "hello"')
    const options = (cwd: string) => ({ cwd, env: { ...process.env, npm_config_cache: join(folder, 'cache') } })
    await run('npm', ['publish'], options(project))
    const user = await mkdtemp(join(folder, 'user-'))
    await writeFile(join(user, '.npmrc'), settings)
    await writeFile(join(user, 'package.json'), '{"name":"user","version":"1.0.0"}')
    await run('npm', ['install', 'greeting'], options(user))
    expect(await readFile(join(user, 'node_modules/greeting/index.js'), 'utf8')).to.equal('module.exports = "hello"')
    const packument = JSON.parse(await curl('--user', `any:${token}`, `${base}greeting`)) as {
      versions: Record<string, { dist: { tarball: string } }>
    }
    expect(packument.versions['1.0.0']?.dist.tarball).to.equal(`${base}greeting/-/greeting-1.0.0.tgz`)
  })

  it('leaves the application what is its own', async () => {
    expect(await curl(`${application.url}/hello`)).to.equal('hello')
    const echo = await curl('--json', '{"a":1}', `${application.url}/echo`)
    expect(echo).to.equal('{"a":1}')
    const status = await curl('--output', '/dev/null', '--write-out', '%{http_code}', `${application.url}/packages/acme/files/x`)
    expect(status).to.equal('401')
  })
})
