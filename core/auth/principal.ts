import type { Level, Role } from './permission.js'

/** `repository` is an id, or '*' for all of the organization. Each level includes those before it. */
export type Scope =
  | { readonly kind: 'repository'; readonly repository: string; readonly level: Exclude<Level, 'administer'> }
  | { readonly kind: 'organization'; readonly level: 'read' }
  | { readonly kind: 'audit' }

/** The token that stands between a principal and its rights: what it does not name, its owner cannot do through it. */
export interface TokenLimits {
  readonly id: string
  readonly scopes: readonly Scope[]
  /** Where set, only these packages of the scopes' repositories. */
  readonly packages?: readonly string[]
}

/** The browser session that somebody came in by. */
export interface SessionFacts {
  /** SHA-256 of the secret that its cookie carries, hex. */
  readonly id: string
  /** When credentials were last shown in full. */
  readonly authenticatedAt: Date
  /** 'pwd', 'otp', 'recovery', 'mail' (RFC 8176 has the first two). */
  readonly methods: readonly string[]
  /** What is still missing: the code of a second factor, one that was mailed, a password that is not the first to be guessed, or a second factor at all.
   *  Until then it reaches nothing but that. */
  readonly pending?: 'code' | 'mailed-code' | 'password' | 'enrolment'
  /** What `X-CSRF-Token` has to carry in every request that changes something. */
  readonly csrf: string
}

/** Who is asking. Every kind but `anonymous`, `operator` and `plugin` exists inside one organization only. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'member' | 'service'
      readonly id: string
      readonly name: string
      readonly role?: Role
      readonly groups: readonly string[]
      /** How it came in. Only a session may issue tokens. */
      readonly by: 'password' | 'token' | 'session'
      readonly token?: TokenLimits
      readonly session?: SessionFacts
    }
  | { readonly kind: 'operator'; readonly id: string }
  /** An identity provider by a token of its own: `id` is the token's. It looks after members and groups, at the mount of `scim` alone. */
  | { readonly kind: 'scim'; readonly id: string; readonly connection: string }
  /** A plugin at work on its own: a reminder, an event. */
  | { readonly kind: 'plugin'; readonly name: string }

export const anonymous: Principal = { kind: 'anonymous' }

/** The id that rows and log carry. */
export function principalId(principal: Principal): string {
  switch (principal.kind) {
    case 'anonymous':
      return 'anonymous'
    case 'plugin':
      return `plugin:${principal.name}`
    default:
      return principal.id
  }
}
