import type { Mailer } from '#core/host'
import type { Settings } from '../config/settings.js'
import { ConsoleMailer } from './console-mailer.js'

/** Whoever carries the mail; a library is loaded only where it is needed. */
export async function openMailer({ mailUrl: route, mailFrom, publicUrl }: Settings): Promise<Mailer> {
  const from = mailFrom ?? `cloudrepo@${publicUrl?.hostname ?? 'localhost'}`
  switch (route.kind) {
    case 'console':
      return new ConsoleMailer()
    case 'file': {
      const { FileMailer } = await import('./file-mailer.js')
      return FileMailer.open(route.folder, from)
    }
    case 'smtp': {
      const { SmtpMailer } = await import('./smtp-mailer.js')
      return new SmtpMailer(route, from)
    }
  }
}
