import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { expect } from 'chai'
import { CertificateAuthority } from '../../support/certificates.js'
import { withoutMirror } from '../npm-audits.js'
import { NpmWorkplace } from '../npm-workplace.js'
import { type ClientTarget, Server } from '../server.js'

const prefix = '/packages'

describe('npm, behind a proxy with TLS and a prefix', function () {
  this.timeout(120_000)
  let folder: string
  let authority: CertificateAuthority
  let proxy: HttpsServer
  let server: Server
  let npm: NpmWorkplace
  let target: ClientTarget
  const strays: string[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cloudrepo-proxy-'))
    authority = new CertificateAuthority(folder)
    const { cert, key } = authority.issue()
    let house = ''
    // As nginx does with `location /packages/ { proxy_pass http://house/; }`: whatever does not begin with the prefix is none of the house's.
    proxy = createServer({ cert: await readFile(cert), key: await readFile(key) }, (asked, answer) => {
      const { method = '', url = '', headers } = asked
      if (!url.startsWith(`${prefix}/`)) {
        strays.push(`${method} ${url}`)
        answer.writeHead(404).end()
        return
      }
      const { hostname, port } = new URL(house)
      const forwarded = { ...headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }
      const path = url.slice(prefix.length)
      const on = request({ hostname, port, method, path, headers: forwarded }, (told) => {
        answer.writeHead(told.statusCode ?? 502, told.rawHeaders)
        pipeline(told, answer, () => {})
      })
      pipeline(asked, on, () => {})
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const publicUrl = `https://localhost:${(proxy.address() as AddressInfo).port}${prefix}`
    server = await Server.start({ CLOUDREPO_PUBLIC_URL: `${publicUrl}/`, CLOUDREPO_TRUSTED_PROXIES: '127.0.0.1/32' })
    house = server.url
    target = { ...(await server.target('npm')), url: publicUrl }
    npm = await NpmWorkplace.open('npm', target)
    const lines = [
      `registry=${npm.registry}`,
      `${npm.registry.slice('https:'.length)}:_authToken=${target.token}`,
      `cafile=${authority.file}`,
    ]
    await mkdir(npm.home, { recursive: true })
    await writeFile(join(npm.home, '.npmrc'), `${lines.join('\n')}\n`, { mode: 0o600 })
  })
  after(async () => {
    await npm?.close()
    await server?.stop()
    proxy?.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))
    await rm(folder, { recursive: true })
  })

  it('publishes, and installs from addresses that begin with scheme, name and prefix of the proxy', async () => {
    expect(await npm.do('app', 'whoami')).to.equal(target.login)
    for (const project of ['shout-words', 'greeting']) await npm.do(project, 'publish')
    await npm.do('app', 'install')
    expect(await npm.start('app')).to.equal('HELLO, NPM!')
    const lock = JSON.parse(await readFile(join(npm.project('app'), 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string }>
    }
    expect(lock.packages['node_modules/@acme/greeting']?.resolved).to.equal(`${npm.registry}@acme/greeting/-/greeting-1.0.0.tgz`)
    await rm(join(npm.project('app'), 'node_modules'), { recursive: true })
    npm.forget()
    await npm.do('app', 'ci')
    expect(await npm.start('app')).to.equal('HELLO, NPM!')
  })

  it('audits, verifies signatures, lists tokens and unpublishes there; nothing is asked beside the prefix', async () => {
    expect(await npm.do('app', 'audit')).to.contain('found 0 vulnerabilities')
    expect(await npm.with(withoutMirror).do('app', 'audit', 'signatures')).to.contain(
      '2 packages have verified registry signatures',
    )
    expect(await npm.do('app', 'token', 'list')).to.contain('client-test')
    await npm.do('app', 'unpublish', '@acme/greeting@1.0.0', '--force')
    expect((await npm.ask('app', 'view', '@acme/greeting')).output).to.contain('E404')
    expect(strays).to.deep.equal([])
  })
})
