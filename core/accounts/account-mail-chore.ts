import type { DependencyContainer } from 'tsyringe'
import { MailChore } from '../mail/mail-chore.js'
import { MailLinks } from '../mail/mail-links.js'
import type { Mailer } from '../mail/mailer.js'
import { Clock } from '../runtime/clock.js'
import { Logger } from '../runtime/logger.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { AccountMails } from './account-mails.js'

/** Sends the letters of a house's accounts; without a mailer it does nothing. */
export function accountMailChore(house: DependencyContainer, mailer: Mailer | undefined): MailChore {
  const mails = house.resolve(AccountMails)
  return new MailChore(
    house.resolve<MetadataStore>(MetadataStore),
    house.resolve<Clock>(Clock),
    mailer,
    house.resolve<MailLinks>(MailLinks),
    mails,
    house.resolve<Logger>(Logger),
  )
}
