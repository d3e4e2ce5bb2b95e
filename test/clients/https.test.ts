import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { CertificateAuthority, type CertificateFiles } from '../support/certificates.js'
import { buildWheel } from '../support/wheel-builder.js'
import { until } from '../support/worker-processes.js'
import { cleanEnvironment, run, succeed } from './run.js'
import { type ClientTarget, Server } from './server.js'

/** Real clients against two processes that speak TLS, with an authority that they are told of. */
describe('clients over https', function () {
  this.timeout(180_000)
  let folder: string
  let authority: CertificateAuthority
  let files: CertificateFiles
  let server: Server
  let target: ClientTarget
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'https-'))
    authority = new CertificateAuthority(folder)
    files = authority.issue()
    server = await Server.start({
      CLOUDREPO_WORKERS: '2',
      CLOUDREPO_TLS_CERT: files.cert,
      CLOUDREPO_TLS_KEY: files.key,
    })
    target = await server.target('raw')
  })
  after(async () => {
    await server?.stop()
    await rm(folder, { recursive: true })
  })

  const env = () => cleanEnvironment(folder)
  const curl = (...words: readonly string[]) =>
    run('curl', ['-sS', '--max-time', '20', '--cacert', authority.file, ...words], { cwd: folder, env: env() })
  const dial = (session?: Buffer) =>
    new Promise<TLSSocket>((resolve, reject) => {
      const port = Number(new URL(server.url).port)
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...(session ? { session } : {}) }, () =>
        resolve(socket),
      )
      socket.on('error', reject)
    })

  it('the house says https, and its command line finds it', async () => {
    expect(server.url).to.match(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(server.greeting).to.contain(`${server.url}/main/raw/`)
    const listed = await server.cli('organization', 'list')
    expect([listed.status, listed.output.includes('main')]).to.deep.equal([0, true])
  })

  it('curl puts and gets, and is told to stay with https where a name was dialled', async () => {
    const file = join(folder, 'f.txt')
    await writeFile(file, 'over TLS')
    const auth = ['-H', `Authorization: Bearer ${target.token}`]
    expect((await curl(...auth, '-w', '%{http_code}', '-T', file, `${server.url}/main/raw/f.txt`)).stdout).to.equal('201')
    expect((await curl(...auth, `${server.url}/main/raw/f.txt`)).stdout).to.equal('over TLS')
    const port = new URL(server.url).port
    const named = ['--resolve', `repo.example:${port}:127.0.0.1`, '-k', '-D', '-', '-o', '/dev/null']
    expect((await curl(...named, `https://repo.example:${port}/`)).stdout.toLowerCase()).to.contain(
      'strict-transport-security: max-age=63072000\r\n',
    )
    // A browser would keep it for every other server of this machine.
    expect((await curl('-D', '-', '-o', '/dev/null', `${server.url}/`)).stdout.toLowerCase()).to.not.contain('strict-transport')
  })

  it('plain HTTP is told to use https, and nothing goes to a client that does not know the authority', async () => {
    const plain = await curl(`${server.url.replace('https:', 'http:')}/`, '-w', ' %{http_code}')
    expect(plain.stdout).to.equal('This port speaks https: use https:// in the address\n 400')
    const unknown = await run('curl', ['-sS', `${server.url}/`], { cwd: folder, env: env() })
    expect([unknown.status, unknown.stdout]).to.deep.equal([60, ''])
    expect((await curl(`${server.url}/-/health`)).stdout).to.equal('{"status":"ok"}')
  })

  it('npm publishes and installs', async () => {
    const project = join(folder, 'greeting')
    await mkdir(project)
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'over-tls', version: '1.0.0' }))
    const registry = `${server.url}/main/npm/`
    const lines = [`registry=${registry}`, `${registry.slice(6)}:_authToken=${target.token}`, `cafile=${authority.file}`]
    await writeFile(join(folder, '.npmrc'), `${lines.join('\n')}\n`)
    await succeed('npm', ['publish'], { cwd: project, env: env() })
    const app = join(folder, 'app')
    await mkdir(app)
    await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0' }))
    await succeed('npm', ['install', 'over-tls', '--no-audit', '--no-fund'], { cwd: app, env: env() })
    expect(await readdir(join(app, 'node_modules'))).to.include('over-tls')
  })

  it('pip installs', async () => {
    const wheel = await buildWheel({ name: 'overtls', version: '1.0' })
    const file = join(folder, 'overtls-1.0-py3-none-any.whl')
    await writeFile(file, wheel.content)
    const form = ['-F', ':action=file_upload', '-F', 'protocol_version=1', '-F', 'name=overtls', '-F', 'version=1.0']
    const more = [
      '-F',
      'metadata_version=2.1',
      '-F',
      'filetype=bdist_wheel',
      '-F',
      'pyversion=py3',
      '-F',
      `sha256_digest=${wheel.sha256}`,
      '-F',
      `content=@${file}`,
    ]
    const sent = await curl('-u', `x:${target.token}`, '-w', '%{http_code}', ...form, ...more, `${server.url}/main/pypi/`)
    expect(sent.stdout, sent.output).to.match(/200$/)
    const index = `https://x:${target.token}@${new URL(server.url).host}/main/pypi/simple/`
    const words = ['download', '--no-deps', '--cert', authority.file, '--index-url', index, '-d', join(folder, 'got'), 'overtls']
    await succeed('pip', words, { cwd: folder, env: { ...env(), PIP_DISABLE_PIP_VERSION_CHECK: '1' } })
    expect(await readdir(join(folder, 'got'))).to.deep.equal(['overtls-1.0-py3-none-any.whl'])
  })

  it('a session that began on one process goes on on the other', async () => {
    const first = await dial()
    const session = new Promise<Buffer>((resolve) => first.once('session', resolve))
    first.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const ticket = await session
    const again = await Promise.all([dial(ticket), dial(ticket), dial(ticket)])
    expect(again.map((socket) => socket.isSessionReused())).to.deep.equal([true, true, true])
    for (const socket of [first, ...again]) socket.destroy()
  })

  it('SIGHUP puts a renewed certificate into use on every process', async () => {
    const running = await dial()
    const next = authority.issue()
    await copyFile(next.cert, files.cert)
    await copyFile(next.key, files.key)
    server.process.kill('SIGHUP')
    const names = async () => {
      const sockets = await Promise.all([dial(), dial(), dial(), dial()])
      const found = sockets.map((socket) => socket.getPeerCertificate().subject.CN)
      for (const socket of sockets) socket.destroy()
      return found
    }
    expect(await until(names, (found) => found.every((name) => name === 'server 2'))).to.deep.equal(Array(4).fill('server 2'))
    expect(running.destroyed).to.equal(false)
    running.destroy()
    expect((await curl(`${server.url}/-/health`)).stdout).to.equal('{"status":"ok"}')
  })

  it('a certificate that does not fit its key stops the start, and makes nothing', async () => {
    const other = authority.issue()
    const place = join(folder, 'refused')
    await mkdir(place)
    const settings = { CLOUDREPO_TLS_CERT: other.cert, CLOUDREPO_TLS_KEY: files.key }
    for (const workers of ['1', '2']) {
      const refused = await Server.start({ ...settings, CLOUDREPO_WORKERS: workers }, place).then(
        () => 'started',
        ({ message }: Error) => message,
      )
      expect(refused).to.contain('ended with 1').and.to.contain(`CLOUDREPO_TLS_KEY: ${files.key} is not the key of`)
      expect(await readdir(place)).to.deep.equal([])
    }
  })
})
