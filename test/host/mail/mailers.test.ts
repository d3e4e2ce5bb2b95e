import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { UndeliverableMail } from '#core/host'
import { ConsoleMailer } from '../../../host/mail/console-mailer.js'
import { FileMailer } from '../../../host/mail/file-mailer.js'
import { parseMailUrl } from '../../../host/mail/mail-url.js'
import { SmtpMailer } from '../../../host/mail/smtp-mailer.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { MailServer, readMail } from '../../support/mail-server.js'

const letter = { to: 'ada@acme.example', subject: 'Grüße, 🔑', text: 'One line.\nAnother, with ünicode.\n' }
const from = 'cloudrepo@example.com'

function smtp(url: string): SmtpMailer {
  const route = parseMailUrl(url)
  if (route.kind !== 'smtp') throw new Error('not SMTP')
  return new SmtpMailer(route, from)
}
async function failure(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it was sent')
}

describe('mail by SMTP', () => {
  let server: MailServer
  afterEach(() => server.close())

  it('reaches one mailbox, with the sender of the settings and as it was written', async () => {
    server = await MailServer.start()
    await smtp(`smtp://127.0.0.1:${server.port}`).send(letter)
    const [mail] = await server.letters(1)
    expect(mail?.from).to.equal(from)
    expect(mail?.to).to.deep.equal(['ada@acme.example'])
    expect(mail?.text.trimEnd()).to.equal(letter.text.trimEnd())
    expect(mail?.source)
      .to.match(/^From: cloudrepo@example\.com\r$/m)
      .and.match(/^Auto-Submitted: auto-generated\r$/im)
  })

  it('goes to one address, whatever stands in it', async () => {
    server = await MailServer.start()
    for (const to of ['x,ada@acme.example', 'x <ada@acme.example>', 'a(b)@acme.example', 'ada@acme.example;bo', 'ada'])
      expect(await failure(smtp(`smtp://127.0.0.1:${server.port}`).send({ ...letter, to })), to).to.be.instanceOf(
        UndeliverableMail,
      )
    expect(server.received).to.deep.equal([])
  })

  it('gives the login of the address, and fails where the server refuses it', async () => {
    server = await MailServer.start()
    await smtp(`smtp://ada:right@127.0.0.1:${server.port}`).send(letter)
    expect((await server.letters(1))[0]?.user).to.equal('ada')
    const refused = await failure(smtp(`smtp://ada:wrong@127.0.0.1:${server.port}`).send(letter))
    expect(refused).not.to.be.instanceOf(UndeliverableMail)
    expect(server.received).to.have.length(1)
  })

  it('knows a mailbox that is refused for good from a failure of the moment', async () => {
    server = await MailServer.start()
    const mailer = smtp(`smtp://127.0.0.1:${server.port}`)
    expect(await failure(mailer.send({ ...letter, to: 'nobody@acme.example' }))).to.be.instanceOf(UndeliverableMail)
    server.failing = 1
    expect(await failure(mailer.send(letter))).not.to.be.instanceOf(UndeliverableMail)
    await mailer.send(letter)
    expect(server.received).to.have.length(1)
  })

  it('sends nothing over a way that nobody vouches for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mail-tls-'))
    const pair = new CertificateAuthority(folder).issue()
    server = await MailServer.start({ key: await readFile(pair.key), cert: await readFile(pair.cert), secure: true })
    await rm(folder, { recursive: true })
    const refused = await failure(smtp(`smtps://127.0.0.1:${server.port}`).send(letter))
    expect(refused.message).to.match(/self.signed|unable to verify|certificate/i)
    expect(server.received).to.deep.equal([])
    await server.close()
    // Another server than this machine's has to offer TLS.
    server = await MailServer.start()
    const plain = new SmtpMailer({ kind: 'smtp', host: '127.0.0.1', port: server.port, tls: 'required' }, from)
    expect((await failure(plain.send(letter))).code).to.equal('ETLS')
    expect(server.received).to.deep.equal([])
  })
})

describe('mail to a server that is not there', () => {
  let deaf: Server
  before(async () => {
    deaf = createServer((socket) => socket.end('nonsense\r\n'))
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
  })
  after(() => deaf.close())

  it('fails with a reason', async () => {
    const { port } = deaf.address() as { port: number }
    expect((await failure(smtp(`smtp://127.0.0.1:${port}`).send(letter))).message).not.to.equal('')
  })
})

describe('mail to a folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mail-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is one whole file a letter, for its owner alone', async () => {
    const place = join(folder, 'out')
    const mailer = await FileMailer.open(place, from)
    await Promise.all([mailer.send(letter), mailer.send({ ...letter, to: 'bo@acme.example' })])
    const names = await readdir(place)
    expect(names).to.have.length(2)
    expect((await stat(place)).mode & 0o777).to.equal(0o700)
    for (const name of names) {
      expect(name).to.match(/^\d{4}-\d\d-\d\dT[\d-]+Z-\d+-\d+\.eml$/)
      expect((await stat(join(place, name))).mode & 0o777).to.equal(0o600)
      expect(readMail(await readFile(join(place, name), 'utf8')).text.trimEnd()).to.equal(letter.text.trimEnd())
    }
  })

  it('leaves nothing where it fails', async () => {
    const place = join(folder, 'out')
    const mailer = await FileMailer.open(place, from)
    await rm(place, { recursive: true })
    expect((await failure(mailer.send(letter))).message).to.match(/ENOENT/)
    expect(await readdir(folder)).to.deep.equal([])
  })
})

describe('mail to the console', () => {
  it('is text that no line of the start can be taken for', async () => {
    let out = ''
    await new ConsoleMailer({ write: (text) => (out += text) }).send({ ...letter, text: 'ready http://127.0.0.1:1\n' })
    expect(out).to.equal('  | mail to ada@acme.example: Grüße, 🔑\n  | ready http://127.0.0.1:1\n')
  })
})
