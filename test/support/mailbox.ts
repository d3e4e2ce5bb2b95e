import { type Mail, Mailer, UndeliverableMail } from '#core/host'

/** Keeps what it is given; fails as often as it is told to. */
export class Mailbox extends Mailer {
  readonly sent: Mail[] = []
  /** So many letters fail, each after it may have arrived. */
  failing = 0
  undeliverable = false

  async send(mail: Mail): Promise<void> {
    if (this.undeliverable) throw new UndeliverableMail('no such mailbox')
    if (this.failing > 0) {
      this.failing -= 1
      throw new Error('the server hung up')
    }
    this.sent.push(mail)
  }

  /** All of them, and forgets them. */
  take(): readonly Mail[] {
    return this.sent.splice(0)
  }
}
