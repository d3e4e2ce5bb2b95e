import { asRegistryError, type RegistryError } from '../errors/registry-error.js'
import type { Logger } from '../runtime/logger.js'
import { challengeFor, failureHeaders, houseUnauthenticated, type ProblemSetting, problem, statusOf } from './problem.js'
import type { Reply } from './reply.js'
import { withMissing } from './reply-headers.js'
import type { Visit } from './visit.js'

/** Whatever was thrown, as an answer: worded by the mount, or else as a problem. A mount that fails at it is logged and not asked again. */
export function failureReply(thrown: unknown, visit: Visit, log: Logger): Reply {
  const failure = asRegistryError(thrown)
  const status = statusOf(failure)
  record(failure, status, visit, log)
  const atRepository = visit.scope === undefined || visit.scope === 'repository'
  const challenge = challengeFor(visit.realm, visit.house.header('authorization'), !atRepository)
  const setting: ProblemSetting = { requestId: visit.house.id, scope: visit.scope, challenge }
  if (failure.kind === 'unauthenticated' && atRepository && !ownWording(failure, visit))
    return houseUnauthenticated(challenge, hintOf(failure))
  const worded = word(failure, status, visit, log)
  // What a caller may not know of looks like what is not there, unless the protocol answers with another status altogether.
  if (failure.kind === 'hidden' && !visit.handled && atRepository && worded?.status === status) {
    return problem(failure, status, setting)
  }
  return worded === undefined ? problem(failure, status, setting) : withMissing(worded, failureHeaders(failure, challenge))
}

/** Of a password that opens nothing here, for whoever may hear it. */
function hintOf({ detail, message }: RegistryError) {
  const { code } = detail
  return code === 'token-required' || code === 'attacked' ? { code, words: message } : undefined
}

/** A handler that knows the caller's password to be right may ask for more (a one-time code) in its protocol's words. */
function ownWording(failure: RegistryError, visit: Visit): boolean {
  return visit.handled && failure.detail['code'] !== undefined && visit.mount?.renderError !== undefined
}

function word(failure: RegistryError, status: number, visit: Visit, log: Logger): Reply | undefined {
  try {
    return visit.mount?.renderError?.(failure, status, visit.request)
  } catch (cause) {
    log.error('request.render-failed', { requestId: visit.house.id, kind: failure.kind, cause })
    return undefined
  }
}

function record(failure: RegistryError, status: number, visit: Visit, log: Logger): void {
  const { kind, cause } = failure
  const fields = { requestId: visit.house.id, kind, status }
  if (kind === 'internal') log.error('request.failed', { ...fields, cause: cause ?? failure })
  else if (status >= 500 && cause !== undefined) log.warn('request.failed', { ...fields, cause })
}
