import type { SignInRules } from '../auth/sign-in-rules.js'

/** A tenant. The name stands in addresses, the id in keys: a rename moves nothing. */
export interface Organization {
  readonly id: string
  readonly name: string
  readonly displayName?: string
  readonly status: 'active' | 'suspended'
  readonly createdAt: Date
  /** Why nothing is written here at the moment; absent where it is. */
  readonly readOnly?: string
  /** May its public repositories be read without credentials at all? */
  readonly publicAllowed: boolean
  /** Formats that are switched off; all others are on. */
  readonly disabledFormats: readonly string[]
  /** How often all its signatures became other ones: with its first key, and with each time that keys were revoked. Absent: nothing is signed. */
  readonly signingEpoch?: number
  /** Absent: no limit. */
  readonly quota?: Quota
  /** Days in which a delete can be undone, and in which a replaced version is kept; the instance's own number where absent. */
  readonly undoDays?: number
  /** What it asks of those who sign in, where that is not the usual. */
  readonly signIn?: Partial<SignInRules>
  /** Characters that a new password has at least, 8 to 64; 8 where absent. */
  readonly minPasswordLength?: number
}
export interface Quota {
  /** Of all versions that its repositories keep, as usage counts them. */
  readonly storageBytes: number
}

/** Cannot begin with '-' or '_': those are the house's. */
export const organizationName = /^[a-z0-9][a-z0-9-]{0,62}$/
