/** One letter to one person; `to` is a bare address. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html?: string
}

/** Sends mail. Resolves once whoever carries it on has taken it. */
export abstract class Mailer {
  /** Throws `UndeliverableMail` where another attempt is of no use; anything else means: try again later. */
  abstract send(mail: Mail): Promise<void>
}

/** Refused for good: no such mailbox, or an address that is none. */
export class UndeliverableMail extends Error {
  override readonly name = 'UndeliverableMail'
}
