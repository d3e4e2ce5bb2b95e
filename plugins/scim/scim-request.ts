import { type ProtocolRequest, unsupported } from '#core'
import { refuse } from './scim-failure.js'
import { bodyLimits } from './scim-limits.js'

/** A body within `bodyLimits`. `application/scim+json`, `application/json` or no type at all, as Okta sends it; anything else is 415. */
export async function scimBody(request: ProtocolRequest, most: number = bodyLimits.bytes): Promise<unknown> {
  const type = request.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== undefined && type !== '' && type !== 'application/scim+json' && type !== 'application/json')
    throw unsupported('The body is application/scim+json or application/json')
  const body = await request.json(most, { keys: bodyLimits.keys, prototypeNames: 'refuse' })
  holdDepth(body, 0)
  return body
}

function holdDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth >= bodyLimits.depth) throw refuse('invalidSyntax', `The body is nested deeper than ${bodyLimits.depth}`)
  for (const item of Object.values(value)) holdDepth(item, depth + 1)
}

/** Of a query: a parameter that stands twice is taken as its last one. */
export function parameter(query: URLSearchParams, name: string): string | undefined {
  return query.getAll(name).at(-1)
}
