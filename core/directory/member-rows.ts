import { z } from 'zod'
import { invalid } from '../errors/registry-error.js'
import type { JsonObject } from '../runtime/json.js'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import type { Member } from './directory.js'

const v = z.literal(1)
const moment = z.iso.datetime()

const memberRow = z.object({
  v,
  id: z.string(),
  name: z.string(),
  kind: z.enum(['member', 'service']),
  email: z.exactOptional(z.string()),
  displayName: z.exactOptional(z.string()),
  role: z.exactOptional(z.enum(['owner', 'admin', 'developer', 'reader'])),
  status: z.enum(['active', 'inactive']),
  createdAt: moment,
  changedAt: moment,
  profile: z.exactOptional(z.custom<JsonObject>((value) => typeof value === 'object' && value !== null)),
  lookup: z.exactOptional(z.array(z.string())),
})
/** `norm` raw: imported as it was typed elsewhere, so that it is tried before normalisation and after. */
const passwordRow = z.object({ v, phc: z.string(), norm: z.enum(['opaque', 'raw']), version: z.number(), changedAt: moment })
/** `createdAt` of the member stands in that of its name, so that a list in the order of age reads these rows alone. */
const loginRow = z.object({
  v,
  member: z.string(),
  kind: z.enum(['name', 'email']),
  createdAt: z.exactOptional(moment),
})
const ownersRow = z.object({ v, owners: z.array(z.string()) })

export type PasswordRow = z.infer<typeof passwordRow> & { readonly revision: string }
export type LoginRow = z.infer<typeof loginRow>

export function readMember(entry: Entry): Member {
  const { v: _, createdAt, changedAt, ...rest } = readRow(memberRow, entry)
  return { ...rest, createdAt: new Date(createdAt), changedAt: new Date(changedAt), revision: entry.revision }
}
export function memberValue({ createdAt, changedAt, lookup, ...rest }: Omit<Member, 'revision'>) {
  const found = lookup === undefined || lookup.length === 0 ? {} : { lookup: [...lookup] }
  return { v: 1, ...rest, ...found, createdAt: createdAt.toISOString(), changedAt: changedAt.toISOString() }
}
export function readPassword(entry: Entry): PasswordRow {
  return { ...readRow(passwordRow, entry), revision: entry.revision }
}
export function readLogin(entry: Entry): LoginRow {
  return readRow(loginRow, entry)
}
export function readOwners(entry: Entry): readonly string[] {
  return readRow(ownersRow, entry).owners
}

/** Equal for what a person takes for the same login: width and case do not count. */
export function loginKey(login: string): string {
  return login.normalize('NFKC').toLowerCase().normalize('NFC')
}

/** A login name: no colon, since Basic splits there. Throws `invalid`. */
export function checkedMemberName(name: string): string {
  const text = name.normalize('NFC')
  if (/^[^\s:\p{C}](?:[^:\p{C}]*[^\s:\p{C}])?$/u.test(text) && Buffer.byteLength(loginKey(text)) <= 254) return text
  throw invalid('A name has 1 to 254 bytes of printing characters, no colon, and no space at its ends')
}
export function checkedEmail(email: string): string {
  const text = email.normalize('NFC')
  if (/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(text) && Buffer.byteLength(loginKey(text)) <= 254) return text
  throw invalid('An e-mail address has the form name@domain and at most 254 bytes')
}
export function checkedDisplayName(name: string): string {
  if (name !== '' && name.length <= 256 && !/\p{Cc}/u.test(name)) return name
  throw invalid('A display name has 1 to 256 printing characters')
}
/** Room for what a provisioner keeps, well below what a row may hold. */
export function checkedProfile(profile: JsonObject): JsonObject {
  if (Buffer.byteLength(JSON.stringify(profile)) <= 64 * 1024) return profile
  throw invalid('A profile has at most 64 KiB')
}
