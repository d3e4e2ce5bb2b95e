import { inject, injectable } from 'tsyringe'
import { type RegistryError, unavailable } from '../errors/registry-error.js'
import type { Mutation } from '../storage/metadata-store.js'
import { MailLinks } from './mail-links.js'
import { type Asked, type MailSubject, mailMutation } from './mail-rows.js'

/** Whether mail goes out at all is known where the house is put together. */
export const MailCarried = Symbol('MailCarried')

/** Where a commit leaves the letters that follow from it. */
@injectable()
export class MailPost {
  constructor(
    @inject(MailLinks) private readonly links: MailLinks,
    @inject(MailCarried) private readonly carried: boolean,
  ) {}

  /** Throws `unavailable` where no mail goes out. */
  hold(): void {
    if (!this.goesOut) throw mailOff()
  }

  /** For the commit that gives the reason; none where no mail goes out. */
  letters(org: string, subject: MailSubject, at: Date, asked?: Asked): readonly (Mutation & { readonly op: 'put' })[] {
    return this.goesOut ? [mailMutation(org, subject, at, asked)] : []
  }

  get goesOut(): boolean {
    return this.carried && this.links.known
  }
}

function mailOff(): RegistryError {
  const reason = 'This server sends no mail: its operator sets CLOUDREPO_PUBLIC_URL, and CLOUDREPO_MAIL_URL'
  return unavailable(reason, 3_600, { detail: { code: 'mail-off', reason } })
}
