import type { Scope } from './principal.js'

export interface TokenRequest {
  readonly name: string
  /** At least one; what passes the caller's own rights is refused with `forbidden`. */
  readonly scopes: readonly Scope[]
  /** Whole days from now; default 90. */
  readonly expiresInDays?: number
  readonly packages?: readonly string[]
  /** CIDR notation; empty or absent: from anywhere. */
  readonly cidr?: readonly string[]
}

export interface IssuedToken {
  readonly id: string
  /** Shown once, kept nowhere. */
  readonly token: string
  /** A true prefix of it, 12 characters. */
  readonly prefix: string
  readonly expiresAt: Date
}

export interface TokenRecord {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly Scope[]
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly lastUsedAt?: Date
}

/** Issues only to the caller, and nothing above the caller. */
export interface TokenDesk {
  /** Needs a caller that signed in with a password (`signIn`) or a session: a token never makes a token. */
  issue(request: TokenRequest): Promise<IssuedToken>
  /** Another one of the same scopes and life in the place of this, which goes on for `overlap` days, 0 to 7. As `issue`; throws `not-found`. */
  rotate(id: string, overlap: number): Promise<IssuedToken>
  list(): AsyncIterable<TokenRecord>
  /** The token that asks: the one that a token may see. Undefined where somebody signed in. */
  self(): Promise<TokenRecord | undefined>
  /** By id; throws `not-found` for tokens of others. */
  revoke(id: string): Promise<void>
  /** A token may always revoke itself (npm logout). Throws `not-found` unless `token` is one of the caller's own. */
  revokeToken(token: string): Promise<void>
}
