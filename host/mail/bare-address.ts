import { UndeliverableMail } from '#core/host'

/** One address and nothing that a mail library could take for more: no comment, no name, no second one. */
export const bareAddress = /^[^\s@<>()[\],;:"\\\p{C}]+@[^\s@<>()[\],;:"\\\p{C}]+$/u

/** Throws `UndeliverableMail`. */
export function oneRecipient(address: string): string {
  if (bareAddress.test(address)) return address
  throw new UndeliverableMail('Not a plain mail address')
}
