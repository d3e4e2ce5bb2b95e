import { z } from 'zod'
import type { Role } from '../auth/permission.js'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'

const v = z.literal(1)
const moment = z.iso.datetime()

/** `{org} m {member} verified-email`: an address, as logins are compared, that the member was seen to have or that somebody answers for. */
const verifiedRow = z.object({
  v,
  address: z.string(),
  verifiedAt: moment,
  by: z.enum(['member', 'invitation', 'administrator']),
})

/** `{org} t {hash} reset`: what a mailed code is good for. `mail`: the letter that it stands in. */
const common = { v, createdAt: moment, expiresAt: moment, mail: z.string() }
const ofMember = { ...common, member: z.string(), epoch: z.string() }
const secretRow = z.discriminatedUnion('purpose', [
  z.object({ ...ofMember, purpose: z.literal('reset') }),
  /** `email`: the one that is confirmed, or that comes back. */
  z.object({ ...ofMember, purpose: z.literal('verify-email'), email: z.string() }),
  z.object({ ...ofMember, purpose: z.literal('change-email'), email: z.string() }),
  /** `session`: the one that waits for it. */
  z.object({ ...ofMember, purpose: z.literal('sign-in'), session: z.string() }),
  z.object({ ...common, purpose: z.literal('revert-email'), member: z.string(), email: z.string() }),
  z.object({ ...common, purpose: z.literal('invite'), invitation: z.string(), nonce: z.string() }),
])
/** `{org} m {member} reset {hash}`: the member's, for counting and for clearing away. */
const listingRow = z.object({ ...common, purpose: z.enum(['reset', 'sign-in', 'verify-email', 'change-email', 'revert-email']) })

/** `{org} o invitation {id}`. `nonce`: another one each time that somebody is invited; `code`: hash of the code that is out. */
const invitationRow = z.object({
  v,
  id: z.string(),
  nonce: z.string(),
  email: z.string(),
  name: z.exactOptional(z.string()),
  role: z.exactOptional(z.enum(['owner', 'admin', 'developer', 'reader'])),
  invitedBy: z.string(),
  createdAt: moment,
  expiresAt: moment,
  code: z.exactOptional(z.string()),
})

export type VerifiedRow = z.infer<typeof verifiedRow>
export type SecretRow = z.infer<typeof secretRow>
export type SecretListing = z.infer<typeof listingRow>
export type SecretPurpose = SecretRow['purpose']
export interface Invitation {
  readonly id: string
  readonly email: string
  /** Login name; chosen by whoever accepts where it is absent. */
  readonly name?: string
  readonly role?: Role
  /** Id of who invited. */
  readonly invitedBy: string
  readonly createdAt: Date
  readonly expiresAt: Date
}
export interface StoredInvitation extends Invitation {
  readonly nonce: string
  readonly code?: string
}

export function readVerified(entry: Entry): VerifiedRow {
  return readRow(verifiedRow, entry)
}
export function verifiedValue(address: string, at: Date, by: VerifiedRow['by']): VerifiedRow {
  return { v: 1, address, verifiedAt: at.toISOString(), by }
}
export function readSecret(entry: Entry): SecretRow {
  return readRow(secretRow, entry)
}
export function readSecretListing(entry: Entry): SecretListing {
  return readRow(listingRow, entry)
}
export function readInvitation(entry: Entry): StoredInvitation {
  const { v: _, createdAt, expiresAt, ...rest } = readRow(invitationRow, entry)
  return { ...rest, createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) }
}
export function invitationValue({ createdAt, expiresAt, ...rest }: StoredInvitation) {
  return { v: 1, ...rest, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() }
}
