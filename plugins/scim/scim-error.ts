import { type RegistryError, type RenderError, type Reply, statusOf } from '#core'
import { scimJson } from './scim-reply.js'
import { messageUrn } from './scim-urns.js'

/** RFC 7644 section 3.12; `status` is a string there. */
export function errorDocument(status: number, detail: string, scimType?: string) {
  return { schemas: [messageUrn.error], status: String(status), ...(scimType === undefined ? {} : { scimType }), detail }
}

/** What of a failure a client reads: the administrators of identity providers see `detail`. A 5xx says nothing but the number to ask by. */
export function describeFailure(failure: RegistryError, status: number, requestId: string) {
  if (failure.kind === 'hidden') return errorDocument(status, 'Resource not found')
  const reason = failure.detail['reason']
  if (status >= 500) {
    const shown = failure.detail['code'] === 'not-implemented' || status === 507 ? failure.message : reason
    return errorDocument(status, `${typeof shown === 'string' ? shown : 'Internal error'} (request ${requestId})`)
  }
  const message = status === 401 ? 'This address wants a SCIM token of its organization' : failure.message
  return errorDocument(status, message, scimTypeOf(failure, status))
}

/** The status that SCIM has for it, where it is another than the house's. */
export function scimStatus(failure: RegistryError, status: number): number {
  if (failure.detail['code'] === 'not-implemented') return 501
  return status === 422 ? 400 : status
}

/** Of a failure that is one of several in an answer, by the house's table. */
export function failureStatus(failure: RegistryError): number {
  return scimStatus(failure, statusOf(failure))
}

export const renderScimError: RenderError = (failure, houseStatus, request): Reply => {
  const status = scimStatus(failure, houseStatus)
  return scimJson(status, describeFailure(failure, status, request.id))
}

function scimTypeOf({ kind, detail }: RegistryError, status: number): string | undefined {
  const own = detail['scimType']
  if (typeof own === 'string') return own
  if (status === 409 && detail['field'] !== undefined) return 'uniqueness'
  if (status !== 400) return undefined
  if (kind === 'invalid' && (detail['code'] === 'json' || detail['code'] === 'body')) return 'invalidSyntax'
  return 'invalidValue'
}
