import type { MountScope } from '../plugin/route-record.js'
import type { Tenant } from '../tenancy/tenancy.js'
import type { Principal } from './principal.js'
import type { CookieNames } from './session-cookie.js'

/** What a request offers to prove who it is. */
export interface Credentials {
  /** The header as sent. */
  readonly authorization?: string | undefined
  /** Secrets out of the cookies of a session and of a browser that has been here before, and how those cookies are set; absent where a browser's way
   *  here is in the clear. */
  readonly session?: string | undefined
  readonly device?: string | undefined
  readonly cookies?: CookieNames | undefined
  /** Of the caller, after trusted proxies; throttles count by it. */
  readonly address: string
}

/** One function answers "who is this". No plugin reads a credential header. */
export interface Authenticator {
  /** `anonymous` without credentials. Throws `unauthenticated` for bad, expired, revoked or foreign ones, `throttled` before a guess is tried,
   *  `unavailable` when too many passwords wait to be checked. Basic and Bearer on repository mounts; on organization mounts Bearer, and at `api` a
   *  session where no header says anything: one that is not known is no credential at all, rather than a bad one. An
   *  operator's token is a stranger on repository mounts. `plugin`: whose organization mount it is; that of `scim` takes SCIM tokens and nothing
   *  else, and no other mount takes them. */
  authenticate(tenant: Tenant, credentials: Credentials, mount: MountScope, plugin?: string): Promise<Principal>
  /** The instance mount: an operator's token or nothing. */
  authenticateOperator(credentials: Credentials): Promise<Principal>
  /** Login and password out of a body, and the one-time code of whoever has a second factor: without it `unauthenticated` with the code
   *  `otp-required`. Throws as above. */
  signIn(tenant: Tenant, login: string, password: string, credentials: Credentials, code?: string): Promise<Principal>
  /** The same principal as it stands now, immediately before a commit: its row, token and groups read under the current epoch. Throws
   *  `unauthenticated` where it is gone. */
  refresh(tenant: Tenant, principal: Principal): Promise<Principal>
}
export const Authenticator = Symbol('Authenticator')
