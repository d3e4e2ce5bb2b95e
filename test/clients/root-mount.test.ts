import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { childrenOf, PinnedClient } from '../support/worker-processes.js'
import { cleanEnvironment, run } from './run.js'
import { type ClientTarget, Server } from './server.js'

/** Repositories at the root of a host name of their own, by real clients and over two processes. */
describe('a repository with a host name of its own', function () {
  this.timeout(120_000)
  let server: Server
  let port: string
  let target: ClientTarget
  before(async () => {
    server = await Server.start({ CLOUDREPO_WORKERS: '2', CLOUDREPO_PUBLIC_URL: 'http://repo.acme.example/' })
    port = new URL(server.url).port
    target = await server.target('raw')
  })
  after(() => server.stop())

  const give = async (name: string, format: string, host: string) => {
    const made = await server.cli('repository', 'create', 'main', name, '--format', format, '--host', host)
    expect(made.status, made.output).to.equal(0)
  }
  /** curl as it dials a name that leads to this machine; the status comes last. */
  const curl = async (host: string, path: string, ...words: readonly string[]) => {
    const place = ['--resolve', `${host}:${port}:127.0.0.1`, '-sS', '--max-time', '20', '-w', '\n%{http_code}']
    const { stdout } = await run('curl', [...place, ...words, `http://${host}:${port}${path}`], {
      cwd: server.folder,
      env: cleanEnvironment(server.folder),
    })
    const cut = stdout.lastIndexOf('\n')
    return { status: Number(stdout.slice(cut + 1)), body: stdout.slice(0, cut) }
  }
  const byToken = () => ['-H', `Authorization: Bearer ${target.token}`]

  it('is served there by every process from the moment it has it, and nothing else is', async () => {
    const clients = await PinnedClient.ofEach(server.url, childrenOf(server.pid))
    const headers = { host: `files.acme.example:${port}` }
    const statuses = async () =>
      (await Promise.all(clients.map((one) => one.send('GET', '/a.txt', { headers })))).map(({ status }) => status)
    try {
      expect(await statuses(), 'a name that is nobody’s').to.deep.equal([421, 421])
      await give('files', 'raw', 'files.acme.example')
      expect(await statuses(), 'private').to.deep.equal([401, 401])
      const file = join(server.folder, 'a.txt')
      await writeFile(file, 'at the root')
      expect((await curl('files.acme.example', '/a.txt', ...byToken(), '-T', file)).status).to.equal(201)
      expect(await curl('files.acme.example', '/a.txt', ...byToken())).to.deep.equal({ status: 200, body: 'at the root' })
      expect(await curl('repo.acme.example', '/main/files/a.txt', ...byToken())).to.deep.equal({
        status: 200,
        body: 'at the root',
      })
      expect((await curl('files.acme.example', '/main/files/a.txt', ...byToken())).status, 'a path of its own').to.equal(404)
      expect((await curl('files.acme.example', '/-/health', ...byToken())).status, 'nobody’s health').to.equal(404)
      expect((await curl('files.acme.example', '/robots.txt', ...byToken())).status).to.equal(404)
      expect((await curl('files.acme.example', '/main/-/api/v1/repositories', ...byToken())).status).to.equal(404)
      expect((await curl('other.acme.example', '/a.txt', ...byToken())).status).to.equal(421)
      expect(await curl('repo.acme.example', '/-/health')).to.deep.equal({ status: 200, body: '{"status":"ok"}' })
      const gone = await server.cli('repository', 'delete', 'main', 'files', '--yes')
      if (gone.status !== 0) expect((await server.cli('repository', 'delete', 'main', 'files')).status, gone.output).to.equal(0)
      expect(await statuses(), 'given back').to.deep.equal([421, 421])
    } finally {
      for (const one of clients) one.close()
    }
  })

  it('npm publishes and installs there: /-/ is the registry’s, tarballs stay on the name', async () => {
    await give('js', 'npm', 'npm.acme.example')
    const registry = `http://npm.acme.example:${port}/`
    const lines = [`registry=${registry}`, `${registry.slice(5)}:_authToken=${target.token}`]
    await writeFile(join(server.folder, '.npmrc'), `${lines.join('\n')}\n`)
    const names = join(server.folder, 'names.cjs')
    await writeFile(
      names,
      "const dns = require('node:dns'); const { lookup } = dns; dns.lookup = (name, ...more) => lookup(name.endsWith('.acme.example') ? '127.0.0.1' : name, ...more)",
    )
    const project = join(server.folder, 'greeting')
    const app = join(server.folder, 'app')
    for (const folder of [project, app]) await mkdir(folder)
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: '@acme/rooted', version: '1.0.0' }))
    await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0' }))
    const env = cleanEnvironment(server.folder, { NODE_OPTIONS: `--require ${names}` })
    const published = await run('npm', ['publish'], { cwd: project, env })
    expect(published.status, published.output).to.equal(0)
    const who = await run('npm', ['whoami'], { cwd: project, env })
    expect([who.status, who.stdout.trim()], who.output).to.deep.equal([0, 'admin'])
    const view = await run('npm', ['view', '@acme/rooted', 'dist.tarball'], { cwd: project, env })
    expect(view.stdout.trim()).to.equal(`${registry}@acme/rooted/-/rooted-1.0.0.tgz`)
    const installed = await run('npm', ['install', '@acme/rooted', '--no-audit', '--no-fund'], { cwd: app, env })
    expect(installed.status, installed.output).to.equal(0)
    expect(JSON.parse(await readFile(join(app, 'node_modules', '@acme', 'rooted', 'package.json'), 'utf8')).version).to.equal(
      '1.0.0',
    )
  })

  it('maven’s paths begin at the root of the name', async () => {
    await give('jars', 'maven', 'maven.acme.example')
    const pom = join(server.folder, 'pom.xml')
    await writeFile(
      pom,
      '<project><modelVersion>4.0.0</modelVersion><groupId>org.demo</groupId><artifactId>a</artifactId><version>1</version></project>',
    )
    const path = '/org/demo/a/1/a-1.pom'
    expect((await curl('maven.acme.example', path, ...byToken(), '-T', pom)).status).to.equal(201)
    expect((await curl('maven.acme.example', `${path}.sha1`, ...byToken())).body).to.match(/^[0-9a-f]{40}$/)
    expect((await curl('maven.acme.example', '/main/jars/org/demo/a/1/a-1.pom', ...byToken())).status).to.be.oneOf([400, 404])
  })
})
