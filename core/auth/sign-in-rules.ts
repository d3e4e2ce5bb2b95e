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
}

export const usualSignInRules: SignInRules = {
  mfa: 'optional',
  graceDays: 14,
  passwordsOnArtifacts: 'allowed',
  codeOnPublish: false,
}
export const graceDaysAtMost = 90

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
