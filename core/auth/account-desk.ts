import type { Enrolment } from './mfa/second-factors.js'
import type { Principal, SessionFacts } from './principal.js'

/** A browser session as its owner sees it. */
export interface SessionView {
  readonly principal: Principal & { readonly kind: 'member' | 'service' }
  readonly session: SessionFacts
  readonly secondFactor: { readonly enrolled: boolean; readonly required: boolean; readonly recoveryCodes: number }
}
/** What the answer has to set, as `Set-Cookie` carries it. */
export interface WithCookies {
  readonly cookies: readonly string[]
}
export type SignedIn = SessionView & WithCookies

/** One's own sessions, password and second factor: for `api` alone. Every step begins another session and ends the one before, in one commit. */
export interface AccountDesk {
  /** Throws `forbidden` where a cookie would travel in the clear, `unauthenticated`, `throttled`, `unavailable`. Without the code of a second factor that
   *  is there, the session is pending; so it is while the account is attacked, from where it is not known, until a code that is mailed comes back,
   *  and with a password that could not be set today, until it is another one. */
  signIn(login: string, password: string, code?: string): Promise<SignedIn>
  /** Throws `unauthenticated` without a session, as all below. */
  session(): Promise<SessionView>
  /** The code that a pending session waits for, of the app, for recovery, or from the mail. */
  showCode(code: string): Promise<SignedIn>
  /** Password and, with a second factor, its code once more: for what a session of yesterday may not do. */
  stepUp(password: string, code?: string): Promise<SignedIn>
  /** With the password of now: ends all other sessions; tokens stay unless told otherwise. Throws `forbidden` where it is another one, `unprocessable` for a
   *  new one that is not taken, `conflict` where somebody else has set it meanwhile. */
  changePassword(before: string, after: string, revokeTokens: boolean): Promise<SignedIn>
  signOut(): Promise<WithCookies>
  /** Throws `conflict` where there is a second factor already, `forbidden` where the organization wants none. */
  enrol(): Promise<Enrolment>
  /** Ends all other sessions of the member. */
  confirm(code: string): Promise<SignedIn & { readonly recoveryCodes: readonly string[] }>
  renewRecoveryCodes(): Promise<readonly string[]>
  /** Throws `conflict` where the organization wants one. */
  removeFactor(): Promise<void>
  /** Is a one-time code asked for whenever npm publishes as this member? */
  askOnPublish(onPublish: boolean): Promise<void>
}
