import { expect } from 'chai'
import { TOTP } from 'otpauth'
import { withVersion } from './client-version.js'
import { NpmWorkplace } from './npm-workplace.js'
import { type ClientTarget, Server } from './server.js'

// The one that came with Node, as a member with a second factor has it.
describe(`${withVersion('npm')}, with one-time codes`, function () {
  this.timeout(180_000)
  const password = 'plum harbour 42'
  let server: Server
  let npm: NpmWorkplace
  let target: ClientTarget
  /** A code that was not taken yet: each is good once. */
  let code: () => string

  before(async () => {
    server = await Server.start()
    target = { ...(await server.target('npm')), login: 'ada', password }
    const made = await server.cliReading(password, 'member', 'create', 'main', 'ada', '--role', 'developer', '--password-stdin')
    expect(made.status, made.output).to.equal(0)
    const token = (await server.cli('token', 'create', 'main', 'ada', '--name', 'laptop', '--scope', 'write')).stdout.trim()
    npm = await NpmWorkplace.open('npm', target)
    await npm.settings({ _authToken: token })
    code = await enrol()
  })
  after(async () => {
    await npm?.close()
    await server?.stop()
  })

  /** Signs in as a page does and sets an app up; its next codes count from the step behind the one that was shown. */
  async function enrol(): Promise<() => string> {
    let cookie = ''
    let csrf = ''
    const ask = async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${server.url}/main/-/api/v1/${path}`, {
        method,
        headers: { origin: server.url, cookie, 'x-csrf-token': csrf, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      expect(answer.ok, `${method} ${path} was answered ${answer.status}`).to.equal(true)
      cookie = answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? cookie
      const text = await answer.text()
      const value = text === '' ? {} : (JSON.parse(text) as Record<string, string>)
      csrf = value['csrfToken'] ?? csrf
      return value
    }
    await ask('POST', 'session', { login: 'ada', password })
    const { secret = '' } = await ask('POST', 'mfa/totp')
    const app = new TOTP({ secret })
    const began = Date.now() - 30_000
    await ask('POST', 'mfa/totp/confirm', { code: app.generate({ timestamp: began }) })
    await ask('PATCH', 'mfa', { codeOnPublish: true })
    let last = Math.floor(began / 30_000)
    // The step of now, or the one behind the last that was shown: each later than those before, however long npm takes between them.
    return () => {
      last = Math.max(last + 1, Math.floor(Date.now() / 30_000))
      return app.generate({ timestamp: last * 30_000 })
    }
  }

  it('is asked for a code, and publishes nothing without one', async () => {
    const { status, output } = await npm.ask('shout-words', 'publish')
    expect(status, output).to.not.equal(0)
    expect(output).to.contain('EOTP')
    expect((await npm.ask('app', 'view', 'shout-words')).output).to.contain('E404')
  })

  it('publishes with the code on its command line', async () => {
    expect(await npm.do('shout-words', 'publish', `--otp=${code()}`)).to.equal('+ shout-words@1.0.0')
    expect(await npm.do('app', 'view', 'shout-words', 'version')).to.equal('1.0.0')
  })

  it('logs in with password and code, and is given a token', async () => {
    const login = ['login', '--auth-type=legacy']
    const answers = [
      ['sername', 'ada'],
      ['assword', password],
    ] as const
    const without = await npm.converse(login, answers, { project: 'app' })
    expect(without.status).to.not.equal(0)
    expect(without.output).to.contain('EOTP')
    const { status, output } = await npm.converse([...login, `--otp=${code()}`], answers, { project: 'app' })
    expect(status, output).to.equal(0)
    expect(output).to.contain('Logged in')
    expect(await npm.do('app', 'whoami')).to.equal('ada')
  })

  it('is told to use a token where it sends the password', async () => {
    await npm.settings({ _auth: Buffer.from(`ada:${password}`).toString('base64') })
    const { status, output } = await npm.ask('app', 'view', 'shout-words')
    expect(status).to.not.equal(0)
    expect(output).to.contain('use an API token instead of the password')
  })
})
