import type { MountScope, Permission, RouteDescription, z } from '#core'
import { problemShape } from './shapes.js'

export type Answers = RouteDescription['answers']
export type Answer = Answers[number]

export const answer = (description: string, body?: z.ZodType): Answer => ({
  description,
  ...(body === undefined ? {} : { body }),
})
export const refusal = (description: string): Answer => answer(description, problemShape)

/** Refusals that many routes share, under the names that the description calls them by. */
export const sharedRefusals = {
  Malformed: refusal('The address, a parameter or a field is malformed, unknown, or stands twice'),
  Unauthenticated: refusal('No token, a wrong one, or one that is not known here'),
  Forbidden: refusal('The caller may not do this, from here or at all'),
  NotFound: refusal('Nothing of this name, or nothing for this caller'),
  TooLarge: refusal('The body is larger than 1 MiB'),
  TooLong: refusal('The address is longer than 8 KiB, or its path or its query than 4 KiB'),
  Unsupported: refusal('The body is no application/json, or it is encoded'),
  Throttled: refusal('Too many wrong tokens; Retry-After says when to come again'),
  Unavailable: refusal('Not for the moment; Retry-After says when to come again'),
} as const

export interface Asking {
  readonly scope: MountScope
  readonly path: string
  readonly permission: Permission | 'none'
  readonly hasBody: boolean
}

/** What a route may answer besides its own, as follows from its address, its permission and its body. */
export function commonAnswers({ scope, path, permission, hasBody }: Asking): Answers {
  const guarded = permission !== 'none'
  return {
    400: sharedRefusals.Malformed,
    403: sharedRefusals.Forbidden,
    ...(guarded ? { 401: sharedRefusals.Unauthenticated, 429: sharedRefusals.Throttled } : {}),
    ...(scope === 'organization' || path.includes('{') ? { 404: sharedRefusals.NotFound } : {}),
    ...(hasBody ? { 413: sharedRefusals.TooLarge, 415: sharedRefusals.Unsupported } : {}),
    414: sharedRefusals.TooLong,
    503: sharedRefusals.Unavailable,
  }
}
