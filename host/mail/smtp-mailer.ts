import { createTransport, type Transporter } from 'nodemailer'
import { type Mail, Mailer, UndeliverableMail } from '#core/host'
import { oneRecipient } from './bare-address.js'
import type { MailRoute } from './mail-url.js'

const seconds = 1_000

/** SMTP (RFC 5321), one connection a letter; certificates are checked, and no step takes longer than half a minute. */
export class SmtpMailer extends Mailer {
  private readonly transport: Transporter

  constructor(
    { host, port, tls, login }: MailRoute & { readonly kind: 'smtp' },
    private readonly from: string,
  ) {
    super()
    this.transport = createTransport({
      host,
      port,
      secure: tls === 'immediate',
      requireTLS: tls === 'required',
      ...(login === undefined ? {} : { auth: { user: login.user, pass: login.password } }),
      connectionTimeout: 10 * seconds,
      greetingTimeout: 10 * seconds,
      dnsTimeout: 10 * seconds,
      socketTimeout: 30 * seconds,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  async send({ to, subject, text, html }: Mail): Promise<void> {
    const recipient = oneRecipient(to)
    try {
      await this.transport.sendMail({
        from: this.from,
        to: { name: '', address: recipient },
        envelope: { from: this.from, to: [recipient] },
        subject,
        text,
        ...(html === undefined ? {} : { html }),
        headers: { 'auto-submitted': 'auto-generated' },
      })
    } catch (cause) {
      const { responseCode, command } = cause as { readonly responseCode?: number; readonly command?: string }
      // The mailbox is refused for good (RFC 5321 4.2.1); a refused login or sender is the operator's to mend.
      if (command === 'RCPT TO' && responseCode !== undefined && responseCode >= 500)
        throw new UndeliverableMail('The mail server refuses this address', { cause })
      throw cause
    }
  }
}
