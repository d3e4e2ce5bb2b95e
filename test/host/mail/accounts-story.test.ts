import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Server } from '../../clients/server.js'
import { call } from '../../support/client.js'
import { codeIn, MailServer, readMail } from '../../support/mail-server.js'
import { childrenOf, PinnedClient } from '../../support/worker-processes.js'

const password = 'seven-brown-foxes'
const better = 'nine-green-herons'
const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}` })

async function said(server: Server, input: string, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await server.cliReading(input, ...words)
  expect([status, stderr], words.join(' ')).to.deep.equal([0, ''])
  return stdout.trim()
}
const ada = ['member', 'create', 'main', 'ada', '--email', 'ada@acme.example', '--email-verified', '--role', 'developer']

describe('a forgotten password, by real mail and on two processes', function () {
  this.timeout(180_000)
  let mail: MailServer
  let server: Server
  let settings: NodeJS.ProcessEnv
  before(async () => {
    mail = await MailServer.start()
    settings = {
      CLOUDREPO_WORKERS: '2',
      CLOUDREPO_MAIL_URL: `smtp://repo:right@127.0.0.1:${mail.port}`,
      CLOUDREPO_MAIL_FROM: 'repo@example.com',
    }
    server = await Server.start(settings)
    await said(server, password, ...ada, '--password-stdin')
  })
  after(async () => {
    await server.stop()
    await mail.close()
  })

  it('is asked for, mailed, set and signed in with; both processes refuse the old one from the next request on', async () => {
    const clients = await PinnedClient.ofEach(server.url, childrenOf(server.pid))
    const statuses = async (secret: string) =>
      Promise.all(clients.map(async (client) => (await client.send('GET', '/main/raw/nothing', basic(secret))).status))
    // They remember that it was right.
    expect(await statuses(password)).to.deep.equal([404, 404])
    const before = Date.now()
    const asked = await call(server.url, {
      method: 'POST',
      target: '/main/-/api/v1/password/forgot',
      headers: { 'content-type': 'application/json' },
      body: '{"email":"ada@acme.example"}',
    })
    expect([asked.status, asked.json()]).to.deep.equal([202, { status: 'ok' }])
    const [letter] = await mail.letters(1)
    process.stdout.write(`    from the request to the mailbox: ${Date.now() - before} ms\n`)
    expect([letter?.from, letter?.to, letter?.user]).to.deep.equal(['repo@example.com', ['ada@acme.example'], 'repo'])
    const code = codeIn(letter?.text ?? '')
    expect(letter?.text).to.include(`${server.url}/-/ui/main/reset#t=${code}\n`)

    // Each process is given the code at the same moment: one of them uses it.
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ token: code, password: better })
    const answers = await Promise.all(
      clients.map((client) => client.send('POST', '/main/-/api/v1/password/reset', { headers, body })),
    )
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 400])
    expect(await statuses(better)).to.deep.equal([404, 404])
    expect(await statuses(password)).to.deep.equal([401, 401])
    expect((await mail.letters(2))[1]?.subject).to.equal('Your password in main was changed')
    for (const client of clients) client.close()
  })

  it('is mailed although everything was killed behind the request', async () => {
    const count = mail.received.length
    // The mail server is not there: what was promised waits.
    mail.failing = Number.POSITIVE_INFINITY
    expect(await said(server, '', 'account', 'forgot-password', 'main', 'ada@acme.example')).to.equal(
      'if ada@acme.example is the verified address of a member of main, a code goes there',
    )
    await server.kill()
    mail.failing = 0
    server = await Server.start(settings, server.folder)
    const letters = await mail.letters(count + 1)
    expect([letters.at(-1)?.to, letters.at(-1)?.subject]).to.deep.equal([['ada@acme.example'], 'Another password for main'])
  })
})

describe('accounts by the command line, with mail in a folder', function () {
  this.timeout(180_000)
  let server: Server
  let folder: string
  let seen: number
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mail-'))
    seen = 0
    server = await Server.start({ CLOUDREPO_MAIL_URL: `file:${join(folder, 'out')}` })
  })
  after(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  /** The next letter; the operator has the house look for what is due. */
  const letter = async () => {
    const out = join(folder, 'out')
    let names = (await readdir(out)).filter((name) => name.endsWith('.eml')).sort()
    while (names.length <= seen) {
      await said(server, '', 'chore', 'run', 'mail')
      names = (await readdir(out)).filter((name) => name.endsWith('.eml')).sort()
    }
    const name = names[seen] ?? ''
    seen += 1
    expect((await stat(join(out, name))).mode & 0o777).to.equal(0o600)
    const source = await readFile(join(out, name), 'utf8')
    return { to: /^To: (.*)\r$/m.exec(source)?.[1], ...readMail(source) }
  }
  const refused = async (input: string, words: readonly string[], status: number, reason: string) => {
    const ran = await server.cliReading(input, ...words)
    expect([ran.status, ran.stdout, ran.stderr.split('\n')[0]]).to.deep.equal([status, '', reason])
  }

  it('invite, accept, forget, reset and confirm', async () => {
    const invited = JSON.parse(
      await said(server, '', 'member', 'invite', 'main', 'ada@acme.example', '--role', 'developer', '--json'),
    )
    expect([invited.email, invited.role]).to.deep.equal(['ada@acme.example', 'developer'])
    expect(await said(server, '', 'member', 'invitations', 'main')).to.include('ada@acme.example')
    const invitation = await letter()
    expect([invitation.to, invitation.subject]).to.deep.equal(['ada@acme.example', 'An invitation to main'])
    const accept = ['account', 'accept-invitation', 'main', '--stdin', '--name', 'ada']
    await refused(`${codeIn(invitation.text)}\nshort\n`, accept, 1, 'A password has at least 8 characters')
    await refused(`${codeIn(invitation.text)}\n`, accept, 2, 'error: standard input has to be 2 lines')
    expect(await said(server, `${codeIn(invitation.text)}\n${password}\n`, ...accept)).to.include('developer')
    expect((await call(server.url, { method: 'GET', target: '/main/raw/nothing', headers: basic(password) })).status).to.equal(
      404,
    )

    await said(server, '', 'account', 'forgot-password', 'main', 'ada@acme.example')
    const code = codeIn((await letter()).text)
    const reset = ['account', 'reset-password', 'main', '--stdin']
    expect(await said(server, `${code}\n${better}\n`, ...reset)).to.equal('the new password counts')
    await refused(`${code}\n${better}\n`, reset, 1, 'This code is not valid, or not any more')
    expect((await letter()).subject).to.equal('Your password in main was changed')
    expect((await call(server.url, { method: 'GET', target: '/main/raw/nothing', headers: basic(better) })).status).to.equal(404)

    await said(server, '', 'member', 'update', 'main', 'ada', '--email', 'other@acme.example')
    await said(server, '', 'member', 'verify-email', 'main', 'ada')
    const confirmation = await letter()
    expect(confirmation.to).to.equal('other@acme.example')
    expect(await said(server, codeIn(confirmation.text), 'account', 'confirm-email', 'main', '--stdin')).to.equal(
      'the address is verified',
    )
  })

  it('bring a hash over from elsewhere, and tell what is left of it', async () => {
    const hash =
      'pbkdf2+blake2b-512$000102030405060708090a0b$50000$144d25135fd74462dbbc2b1fc2c634d91d5d72a28c6bc16266b6feb1a9404124a7c520ede7275a930dc67b11a4870738ca917fca6d5ee55ea8855a3788616f12'
    await said(server, hash, 'member', 'create', 'main', 'old', '--role', 'reader', '--password-hash-stdin')
    const authorization = `Basic ${Buffer.from('old:password').toString('base64')}`
    expect((await call(server.url, { method: 'GET', target: '/main/raw/nothing', headers: { authorization } })).status).to.equal(
      404,
    )
    expect(JSON.parse(await said(server, '', 'member', 'hashes', 'main', '--json'))).to.deep.equal([
      { parameters: 'pbkdf2-blake2b512 i=50000,l=64,s=12', current: true, accounts: 3, share: '100.0 %' },
    ])
  })

  it('take an invitation back', async () => {
    await said(server, '', 'member', 'invite', 'main', 'bo@acme.example')
    expect(await said(server, '', 'member', 'revoke-invitation', 'main', 'BO@acme.example')).to.equal(
      'bo@acme.example is not invited any more',
    )
    await refused('', ['member', 'revoke-invitation', 'main', 'bo@acme.example'], 1, 'bo@acme.example is not invited')
  })
})
