import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly secure: boolean
  readonly user: string | undefined
  /** Headers and body as they came. */
  readonly source: string
  readonly subject: string
  /** Without transfer encoding. */
  readonly text: string
}

/** An SMTP server on loopback that keeps what it is given. */
export class MailServer {
  readonly received: ReceivedMail[] = []
  /** Answers so many letters with 451 before it takes one. */
  failing = 0
  private waiting: (() => void)[] = []

  private constructor(
    private readonly server: SMTPServer,
    readonly port: number,
  ) {}

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    let mailServer: MailServer | undefined
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: options.key === undefined ? ['STARTTLS'] : [],
      onAuth: ({ username, password }, _session, done) =>
        password === 'right' ? done(null, { user: username }) : done(new Error('no')),
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('nobody@') ? done(Object.assign(new Error('no such mailbox'), { responseCode: 550 })) : done(),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          if (mailServer && mailServer.failing > 0) {
            mailServer.failing -= 1
            done(Object.assign(new Error('try again'), { responseCode: 451 }))
            return
          }
          const source = Buffer.concat(chunks).toString('utf8')
          const { mailFrom, rcptTo } = session.envelope
          mailServer?.keep({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            secure: session.secure,
            user: session.user,
            source,
            ...readMail(source),
          })
          done()
        })
      },
      ...options,
    })
    // A client that breaks off is the test's own business.
    server.on('error', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.server.address() as { port: number }
    mailServer = new MailServer(server, port)
    return mailServer
  }

  /** Once so many have come. */
  async letters(count: number): Promise<readonly ReceivedMail[]> {
    while (this.received.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.received
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  private keep(mail: ReceivedMail): void {
    this.received.push(mail)
    const waiting = this.waiting
    this.waiting = []
    for (const go of waiting) go()
  }
}

/** A letter of one part. */
export function readMail(source: string): { readonly subject: string; readonly text: string } {
  const cut = source.indexOf('\r\n\r\n')
  const head = source.slice(0, cut).replace(/\r\n[ \t]+/g, ' ')
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
  const body = source.slice(cut + 4)
  const encoding = header('content-transfer-encoding').toLowerCase()
  const text =
    encoding === 'quoted-printable'
      ? Buffer.from(
          body
            .replace(/=\r\n/g, '')
            .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
          'latin1',
        ).toString('utf8')
      : encoding === 'base64'
        ? Buffer.from(body, 'base64').toString('utf8')
        : body
  return { subject: header('subject'), text: text.replace(/\r\n/g, '\n') }
}

/** The secret in a letter. */
export function codeIn(text: string): string {
  const found = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/.exec(text)?.[0]
  if (found === undefined) throw new Error(`no code in:\n${text}`)
  return found
}
