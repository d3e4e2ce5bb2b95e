import { type Projection, readProjection } from './projection.js'
import { objectBody } from './resource-input.js'
import { refuse } from './scim-failure.js'
import { pageLimits } from './scim-limits.js'
import { parameter } from './scim-request.js'
import { messageUrn, namesSchema } from './scim-urns.js'

/** RFC 7644 section 3.4.2, RFC 9865 section 2: what a list is asked for by, whether by query or by body. */
export interface ListParameters {
  readonly filter?: string
  readonly sortBy?: string
  readonly sortOrder?: string
  /** From 1. */
  readonly startIndex: number
  /** Not given: the usual one, or the one that a cursor carries. */
  readonly count?: number
  /** '' for the first page by cursor. */
  readonly cursor?: string
  readonly projection: Projection
}

/** Other parameters are left aside: Entra puts its flags there. Throws `invalidValue`. */
export function listQuery(query: URLSearchParams): ListParameters {
  return parametersOf((name) => parameter(query, name))
}

/** Throws `invalidSyntax`, `invalidValue`. */
export function searchBody(body: unknown): ListParameters {
  const given = objectBody(body)
  const field = (name: string) => Object.entries(given).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
  if (!namesSchema(field('schemas'), messageUrn.search))
    throw refuse('invalidSyntax', `'schemas' has to name ${messageUrn.search}`)
  return parametersOf(field)
}

function parametersOf(field: (name: string) => unknown): ListParameters {
  const text = (name: string): string | undefined => {
    const value = field(name)
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string') throw refuse('invalidValue', `'${name}' is a string`)
    return value
  }
  const [filter, sortBy, sortOrder, cursor] = [text('filter'), text('sortBy'), text('sortOrder'), text('cursor')]
  const count = wholeNumber('count', field('count'))
  return {
    ...(filter === undefined ? {} : { filter }),
    ...(sortBy === undefined || sortBy === '' ? {} : { sortBy }),
    ...(sortOrder === undefined || sortOrder === '' ? {} : { sortOrder }),
    startIndex: Math.max(1, wholeNumber('startIndex', field('startIndex')) ?? 1),
    ...(count === undefined ? {} : { count: Math.min(Math.max(0, count), pageLimits.most) }),
    ...(cursor === undefined ? {} : { cursor }),
    projection: readProjection(field('attributes'), field('excludedAttributes')),
  }
}

function wholeNumber(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw refuse('invalidValue', `'${name}' is a whole number`)
}
