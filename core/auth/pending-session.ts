import { forbidden, type RegistryError } from '../errors/registry-error.js'
import type { SessionFacts } from './principal.js'

const owed = {
  code: { what: 'shows its one-time code', code: 'mfa-pending' },
  'mailed-code': { what: 'shows the code that was mailed', code: 'mfa-pending' },
  password: { what: 'has set another password: this one is among the first that are guessed', code: 'password-pending' },
  enrolment: { what: 'has set up a second factor', code: 'mfa-enrolment' },
}

/** What a session that is not whole yet is told wherever it may not go: `forbidden`. */
export function owedBy(pending: NonNullable<SessionFacts['pending']>): RegistryError {
  const { what, code } = owed[pending]
  return forbidden(`Nothing else until this session ${what}`, { detail: { code } })
}
