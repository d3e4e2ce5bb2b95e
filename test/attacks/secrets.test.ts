import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../clients/server.js'
import { call } from '../support/client.js'
import type { Answer } from '../support/house.js'
import { publishBody } from '../support/npm-package.js'
import { multipart, uploadParts } from '../support/upload-form.js'
import { buildWheel } from '../support/wheel-builder.js'
import { basic } from './whole-house.js'

const mark = 'CanaryInTheMine'
/** What a client calls itself is kept beside what it did, in the audit log of its organization, and nowhere else. */
const agent = 'ClientOfTheMine/1.0'

/** Texts that can be found wherever they end up, in any form that a program might bring them into. */
class Canaries {
  readonly #marked: string[] = []
  readonly #others: string[] = []

  make(door: string): string {
    const secret = mark + createHash('sha256').update(door).digest('hex').slice(0, 24)
    this.#marked.push(secret)
    return secret
  }
  add(secret: string): string {
    this.#others.push(secret)
    return secret
  }
  get count(): number {
    return this.#marked.length
  }
  /** The secrets that `content` holds: plain, in base64 wherever it was cut, in hexadecimal, or in UTF-16. */
  foundIn(content: Buffer): readonly string[] {
    const holds = (text: string) => forms(text).some((form) => content.includes(form))
    return [...(holds(mark) ? [mark, ...this.#marked.filter(holds)] : []), ...this.#others.filter(holds)]
  }
}

function forms(secret: string): readonly Buffer[] {
  const plain = Buffer.from(secret)
  // Base64 of a text inside another depends on where it begins: what its middle looks like at each of three places.
  const base64 = [0, 1, 2].map((shift) => {
    const whole = Math.floor((plain.length - shift) / 3) * 3
    return Buffer.from(plain.subarray(shift, shift + whole).toString('base64'))
  })
  return [plain, Buffer.from(plain.toString('hex')), Buffer.from(secret, 'utf16le'), ...base64]
}

describe('secrets in a server process (security guide 4, K)', function () {
  this.timeout(120_000)
  let server: Server
  let admin: string
  let operator: string
  let secrets: Canaries
  const answers: [string, Answer][] = []

  before(async () => {
    server = await Server.start({ CLOUDREPO_LOG_LEVEL: 'debug' })
    admin = (await readFile(join(server.data, 'admin-password'), 'utf8')).trim()
    operator = (await readFile(join(server.data, 'operator-token'), 'utf8')).trim()
    secrets = new Canaries()
    secrets.add(admin)
    secrets.add(operator)
  })
  after(() => server.stop())

  async function ask(
    method: string,
    target: string,
    headers: Record<string, string> = {},
    body?: string | Buffer,
  ): Promise<Answer> {
    const answer = await call(server.url, { method, target, headers, ...(body === undefined ? {} : { body }) })
    answers.push([`${method} ${target.slice(0, 60)}`, answer])
    return answer
  }
  const owner = () => ({ authorization: basic('admin', admin) })
  const asOperator = () => ({ authorization: `Bearer ${operator}`, 'content-type': 'application/json' })
  const shelves = ['/main/raw/a.txt', '/main/npm/tool', '/main/pypi/simple/tool/', '/main/maven/org/demo/tool/1.0/tool-1.0.pom']

  it('K1 take marked secrets at every door', async () => {
    const door = (name: string) => secrets.make(name)
    for (const target of [...shelves, '/main/-/api/v1/members', '/-/api/v1/organizations', '/nowhere/x/y', '/-/health'])
      for (const [name, headers] of [
        ['bearer', { authorization: `Bearer ${door(`bearer ${target}`)}` }],
        ['token', { authorization: `Bearer crt_u_${door(`token ${target}`)}` }],
        ['password', { authorization: basic('admin', door(`password ${target}`)) }],
        ['login', { authorization: basic(door(`login ${target}`), 'x') }],
        ['scheme', { authorization: door(`scheme ${target}`) }],
        ['cookie', { ...owner(), cookie: `session=${door(`cookie ${target}`)}` }],
        ['proxy', { ...owner(), 'proxy-authorization': `Basic ${door(`proxy ${target}`)}` }],
        ['api-key', { ...owner(), 'x-api-key': door(`key ${target}`), 'npm-otp': door(`otp ${target}`) }],
        ['client', { ...owner(), 'user-agent': agent, referer: `http://x/?t=${door(`referer ${target}`)}` }],
        ['id', { ...owner(), 'x-request-id': door(`id ${target}`), traceparent: door(`trace ${target}`) }],
        ['conditions', { ...owner(), 'if-none-match': `"${door(`tag ${target}`)}"`, range: `bytes=${door(`range ${target}`)}` }],
        ['type', { ...owner(), accept: door(`accept ${target}`) }],
      ] as const) {
        await ask('GET', target, headers)
        await ask('PUT', target, { ...headers, 'content-type': door(`type ${name} ${target}`) }, 'x')
      }
    for (const target of [...shelves, '/main/raw/', '/main/npm/-/v1/search', '/main/-/api/v1/members'])
      for (const name of ['token', 'access_token', 'password', 'cursor', 'limit', 'format', 'text', ':action'])
        await ask(
          'GET',
          `${target}?${name}=${door(`query ${name} ${target}`)}`,
          target.includes('/api/') ? asOperator() : owner(),
        )

    const user = '/main/npm/-/user/org.couchdb.user:admin'
    const login = (body: unknown, headers = {}) =>
      ask('PUT', user, { 'content-type': 'application/json', ...headers }, JSON.stringify(body))
    await login({ name: 'admin', password: door('npm password') })
    await login({
      name: 'admin',
      password: door('npm password and more'),
      email: door('npm e-mail'),
      _password: door('npm _password'),
    })
    await login({ name: door('npm name'), password: admin })
    await login({ name: 'admin', password: admin, _auth: door('npm _auth') }, { 'npm-otp': door('npm otp') })
    const token = secrets.add(((await login({ name: 'admin', password: admin })).json() as { token: string }).token)
    await ask('PUT', user, { 'content-type': 'application/json' }, `{"name":"admin","password":"${door('npm broken JSON')}"`)
    await ask('PUT', user, { 'content-type': 'application/json' }, door('npm no JSON'))
    await ask('DELETE', `/main/npm/-/user/token/${door('npm logout')}`, { authorization: `Bearer ${token}` })
    await ask('DELETE', `/main/npm/-/user/token/crt_u_${door('npm logout of another')}`, owner())
    expect((await ask('GET', '/main/npm/-/whoami', { authorization: `Bearer ${token}` })).status).to.equal(200)
    expect((await ask('DELETE', `/main/npm/-/user/token/${token}`, { authorization: `Bearer ${token}` })).status).to.equal(200)

    const wheel = buildWheel({ name: 'tool', version: '1.0' })
    for (const more of [
      { password: door('form password'), token: door('form token'), [door('form name')]: 'x' },
      { ':action': door('form action') },
      { sha256_digest: door('form digest') },
      { protocol_version: door('form version'), filetype: door('form filetype') },
    ]) {
      const form = multipart(uploadParts(wheel, 'tool', '1.0', more))
      await ask('POST', '/main/pypi/', { ...owner(), ...form.headers }, form.body)
    }
    await ask(
      'POST',
      '/main/pypi/',
      { ...owner(), 'content-type': `multipart/form-data; boundary=${door('boundary')}` },
      door('no form'),
    )
    await ask(
      'PUT',
      '/main/raw/a.txt',
      { ...owner(), 'content-md5': door('digest header'), 'content-digest': door('digest'), 'if-match': door('if') },
      'a',
    )
    await ask('PUT', '/main/raw/a.txt', owner(), 'a')
    await ask('PUT', '/main/maven/org/demo/tool/1.0/tool-1.0.jar.sha1', owner(), door('checksum'))
    await ask('PUT', '/main/maven/org/demo/tool/1.0/tool-1.0.pom', owner(), `<project>&${door('entity')};</project>`)
    const sent = JSON.stringify(await publishBody({ name: 'tool', version: '1.0.0' }))
    await ask(
      'PUT',
      '/main/npm/tool',
      { ...owner(), 'content-type': 'application/json' },
      sent.replace('{', `{"_authToken":"${door('npm body')}",`),
    )
    await ask('PUT', '/main/npm/tool', { ...owner(), 'content-type': 'application/json' }, sent.slice(0, -30) + door('npm cut'))

    const api = (method: string, path: string, body: unknown) =>
      ask(method, `/main/-/api/v1/${path}`, asOperator(), JSON.stringify(body))
    await api('POST', 'members', { name: 'carol', email: 'carol@example.com', role: 'reader', password: door('api password') })
    await api('POST', 'members', { name: 'dave', password: [door('api password as list')] })
    await api('POST', 'members', { name: 'dave', password: door('api password'), passwort: door('api unknown field') })
    await api('POST', 'members', { name: 'DAVE!', role: door('api role'), password: door('api refused') })
    await api('PATCH', 'members/carol', { password: door('api second password') })
    await ask('POST', '/main/-/api/v1/members', asOperator(), `{"name":"x","password":"${door('api broken JSON')}`)
    await api('POST', 'tokens', { member: 'carol', name: 't', scopes: ['repo:*:read'], secret: door('api token') })

    const issued = await server.cli('token', 'create', 'main', 'carol', '--name', 'ci')
    expect(issued.status, issued.output).to.equal(0)
    secrets.add(issued.stdout.trim())
    const words: [string, readonly string[]][] = [
      ['', ['member', 'list', 'main', '--token', door('CLI token')]],
      ['', ['member', 'list', 'main', '--token', `crt_o_${door('CLI operator')}`]],
      ['', ['member', 'list', 'main', '--url', `http://u:${door('CLI address')}@127.0.0.1:1`]],
      ['', ['member', 'list', 'main', '--url', `ftp://u:${door('CLI wrong address')}@127.0.0.1:1`]],
      [`${door('CLI input')}\n`, ['member', 'create', 'main', 'erin', '--email', 'erin@example.com', '--password-stdin']],
      [`${door('CLI second input')}\n`, ['member', 'set-password', 'main', 'erin', '--password-stdin']],
      [`${door('CLI input for nobody')}\n`, ['member', 'set-password', 'main', 'nobody', '--password-stdin']],
    ]
    for (const [input, arguments_] of words) {
      const { output } = await server.cliReading(input, ...arguments_)
      expect(secrets.foundIn(Buffer.from(output)), arguments_.slice(0, 2).join(' ')).to.deep.equal([])
    }
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.on('error', () => {})
    socket.end(`GET /${door('no HTTP')} XTTP/9\r\n${door('no header')}\r\n\r\n`)
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(secrets.count).to.be.above(150)
  })

  it('K1 and tell none of them in an answer', () => {
    const allowed = (what: string) => /^PUT \/main\/npm\/-\/user/.test(what)
    for (const [what, { status, body, headers, reason }] of answers) {
      const found = secrets.foundIn(Buffer.concat([body, Buffer.from(JSON.stringify(headers) + reason)]))
      // The one answer that hands a token out is npm's login.
      if (status === 201 && allowed(what))
        expect(
          found.filter((secret) => !secret.startsWith('crt_')),
          what,
        ).to.deep.equal([])
      else expect(found, `${what}: ${status} ${body.toString().slice(0, 300)}`).to.deep.equal([])
    }
  })

  it('K1 K2 nor in the log, nor in any file below the data folder', async () => {
    await server.halt()
    const { log } = server
    expect(log.split('\n').filter((line) => line.includes('"event":"request"')).length).to.be.above(100)
    expect(secrets.foundIn(Buffer.from(log)), 'the log').to.deep.equal([])
    expect(log).not.to.contain(agent)
    expect(secrets.foundIn(Buffer.from(server.greeting))).to.deep.equal([admin])
    let controls = 0
    for (const file of await readdir(server.data, { recursive: true, withFileTypes: true })) {
      if (!file.isFile() || file.name === 'operator-token' || file.name === 'admin-password') continue
      const content = await readFile(join(file.parentPath, file.name))
      if (content.includes('carol@example.com')) controls += 1
      expect(secrets.foundIn(content), file.name).to.deep.equal([])
    }
    // What is no secret is found, so a secret would have been.
    expect(controls).to.be.above(0)
  })
})

describe('what a server process tells about itself (security guide 4, K)', function () {
  this.timeout(60_000)
  let server: Server
  before(async () => {
    server = await Server.start()
  })
  after(() => server.stop())
  const ask = (method: string, target: string, headers: Record<string, string> = {}, body?: string) =>
    call(server.url, { method, target, headers, ...(body === undefined ? {} : { body }) })

  it('K9 refusals name no file, no line, no version and no host of its own', async () => {
    const password = (await readFile(join(server.data, 'admin-password'), 'utf8')).trim()
    const operator = (await readFile(join(server.data, 'operator-token'), 'utf8')).trim()
    const owner = { authorization: basic('admin', password) }
    const json = { authorization: `Bearer ${operator}`, 'content-type': 'application/json' }
    const told = await Promise.all([
      ...[
        '/x',
        '/main/raw/%ff',
        '/main/raw/missing',
        '/main/npm/%00',
        '/main/pypi/simple/missing/',
        '/main/maven/a/b',
        '/main/nowhere/x',
      ].map((target) => ask('GET', target, owner)),
      ...['{', '[]', 'null', '{"name":1}', '{"__proto__":1}', '"x"', '1e999'].map((body) =>
        ask('POST', '/main/-/api/v1/members', json, body),
      ),
      ...['{', '[]', '{"versions":1}', '{"_attachments":{"x":1}}'].map((body) =>
        ask('PUT', '/main/npm/x', { ...owner, 'content-type': 'application/json' }, body),
      ),
      ...['<', '<project/>', '<!DOCTYPE x><project/>', 'x'].map((body) => ask('PUT', '/main/maven/a/b/1/b-1.pom', owner, body)),
      ask('POST', '/main/pypi/', { ...owner, 'content-type': 'multipart/form-data' }, 'x'),
      ask('POST', '/main/pypi/', { ...owner, 'content-type': 'multipart/form-data; boundary=x' }, 'x'),
      ask('TRACE', '/main/raw/x'),
      ask('GET', '/main/raw/x', { authorization: 'Basic !' }),
    ])
    const inside =
      /node_modules|\.[jt]s\b|\bat \S+ \(|node:|\/dist\/|\/home\/|\/tmp\/|express|lmdb|zod|\b(?:Type|Syntax|Range|Reference|Zod)Error\b|ENOENT|Unexpected token|127\.0\.0\.1/i
    for (const { status, headers, body, reason } of told) {
      expect(status, body.toString()).to.be.within(400, 499)
      expect(body.toString() + JSON.stringify(headers) + reason).to.not.match(inside)
      expect(headers).to.not.have.any.keys('x-powered-by', 'server', 'via')
    }
  })

  it('K10 nothing stands open beside the repository', async () => {
    const names = [
      '.git/config',
      '.env',
      'metrics',
      'debug',
      'debug/pprof',
      'package.json',
      'data.key',
      'operator-token',
      'admin-password',
    ]
    const more = [
      'server-status',
      'actuator',
      'swagger.json',
      'openapi.json',
      'main.js.map',
      'dist/host/main.js',
      '.well-known/security.txt',
    ]
    for (const name of [...names, ...more])
      for (const front of ['/', '/-/', '/-/ui/', '/main/', '/main/-/', '/main/raw/-/', '/_/']) {
        const { status } = await ask('GET', front + name)
        expect(status, front + name).to.be.oneOf([401, 404])
      }
  })

  it('K10 SIGUSR1 opens no debugger, and the server goes on', async () => {
    process.kill(server.pid, 'SIGUSR1')
    // A debugger would have said so before the last of these answers.
    for (let round = 0; round < 20; round++) expect((await ask('GET', '/-/health')).status).to.equal(200)
    expect(server.log).to.not.contain('Debugger listening')
  })

  it('A9 K9 a start with a blank or short secret is refused, in words without the secret', async () => {
    const key = join(server.folder, 'short.key')
    await writeFile(key, 'SeCrEtSeCrEt', { mode: 0o400 })
    for (const [settings, words] of [
      [{ CLOUDREPO_ROOT_KEY: ' ' }, 'CLOUDREPO_ROOT_KEY'],
      [{ CLOUDREPO_ROOT_KEY: key }, 'key'],
      [{ CLOUDREPO_PUBLIC_URL: 'http://admin:SeCrEtSeCrEt@repo.example.com' }, 'CLOUDREPO_PUBLIC_URL'],
      [{ CLOUDREPO_SECRET: 'SeCrEtSeCrEt' }, 'CLOUDREPO_SECRET'],
      [{ CLOUDREPO_TRUSTED_PROXIES: '10.0.0.0/99' }, 'CLOUDREPO_TRUSTED_PROXIES'],
    ] as const) {
      const data = join(server.folder, 'other')
      const refused = await Server.start({ ...settings, CLOUDREPO_DATA: data }).then(
        async (started) => {
          await started.halt()
          return 'it started'
        },
        (error: Error) => error.message,
      )
      expect(refused).to.contain(words).and.to.not.contain('SeCrEtSeCrEt')
      expect(refused, 'no stack').to.not.match(/\n\s+at /)
    }
  })
})
