import { invalid } from '../errors/registry-error.js'

/** What an organization asks of those who sign in; the house's own where it says nothing. */
export interface SignInRules {
  /** `off`: nobody can set one up; `optional`: who wants to, has one; `required`: everybody. */
  readonly mfa: 'off' | 'optional' | 'required'
  /** Since when it is `required`. */
  readonly requiredSince?: Date
  /** Days in which somebody without a second factor can still sign in to set one up; from `requiredSince` or the day they came. */
  readonly graceDays: number
  /** `refused`: on artifact addresses tokens alone are taken. */
  readonly passwordsOnArtifacts: 'allowed' | 'refused'
  /** npm asks for a one-time code before it publishes, whatever the member says for themselves. */
  readonly codeOnPublish: boolean
  /** An identity provider that takes the access of unusually many is stopped until an owner confirms it. */
  readonly holdLeavers: boolean
}

export const usualSignInRules: SignInRules = {
  mfa: 'optional',
  graceDays: 14,
  passwordsOnArtifacts: 'allowed',
  codeOnPublish: false,
  holdLeavers: false,
}
export const graceDaysAtMost = 90

/** What can be changed of them; null: as the house has it. */
export interface SignInRulesPatch {
  readonly mfa?: SignInRules['mfa'] | null
  readonly mfaGraceDays?: number | null
  readonly passwordsOnArtifacts?: SignInRules['passwordsOnArtifacts'] | null
  readonly codeOnPublish?: boolean | null
  readonly holdLeavers?: boolean | null
}

/** Grace begins with the change that makes a second factor required, and is not begun again by one that says so once more. Throws `invalid`. */
export function changedRules(before: Partial<SignInRules>, patch: SignInRulesPatch, now: Date): Partial<SignInRules> {
  const { mfa, mfaGraceDays, passwordsOnArtifacts, codeOnPublish, holdLeavers } = patch
  if (
    typeof mfaGraceDays === 'number' &&
    !(Number.isInteger(mfaGraceDays) && mfaGraceDays >= 0 && mfaGraceDays <= graceDaysAtMost)
  )
    throw invalid(`Grace lasts 0 to ${graceDaysAtMost} whole days`, { detail: { field: 'mfaGraceDays' } })
  const { requiredSince, ...rest } = before
  const wanted = { ...rest, ...chosen({ mfa, graceDays: mfaGraceDays, passwordsOnArtifacts, codeOnPublish, holdLeavers }) }
  const kept = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null)) as Partial<SignInRules>
  return kept.mfa === 'required' ? { ...kept, requiredSince: requiredSince ?? now } : kept
}
/** As a field of the organization: absent where everything is as usual. */
export function withRules(
  before: Partial<SignInRules> | undefined,
  patch: SignInRulesPatch,
  now: Date,
): { readonly signIn?: Partial<SignInRules> } {
  const signIn = changedRules(before ?? {}, patch, now)
  return Object.keys(signIn).length === 0 ? {} : { signIn }
}
function chosen<T extends object>(patch: T): Partial<T> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** How the rules bend for one member. */
export interface SignInException {
  /** Signs in without a second factor where everybody else needs one: each time is logged. */
  readonly breakGlass: boolean
  /** The second factor was taken away by somebody else: grace begins anew. */
  readonly graceSince?: Date
}
export const noException: SignInException = { breakGlass: false }

const day = 24 * 60 * 60 * 1_000

/** What stands between a right password and the rest, for somebody without a second factor: nothing, setting one up, or everything. */
export function lackOfFactor(
  rules: SignInRules,
  { breakGlass, graceSince }: SignInException,
  memberSince: Date,
  now: Date,
): 'fine' | 'enrolment' | 'refused' {
  if (rules.mfa !== 'required' || breakGlass) return 'fine'
  const from = Math.max(rules.requiredSince?.getTime() ?? 0, memberSince.getTime(), graceSince?.getTime() ?? 0)
  return now.getTime() < from + rules.graceDays * day ? 'enrolment' : 'refused'
}

/** May this member's password open an artifact address? A build tool answers no challenge. */
export function passwordOpensArtifacts(rules: SignInRules, hasFactor: boolean): boolean {
  return rules.passwordsOnArtifacts === 'allowed' && rules.mfa !== 'required' && !hasFactor
}
