import { objectBody } from './resource-input.js'
import { quoted, refuse } from './scim-failure.js'
import { messageUrn, namesSchema } from './scim-urns.js'

export interface BulkOperation {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly bulkId?: string
  /** As sent, below the base address. */
  readonly path: string
  /** Compared as If-Match. */
  readonly version?: string
  readonly data?: unknown
  /** What this operation cannot be done with, whatever else happens. */
  readonly fault?: string
}

export interface BulkRequest {
  readonly failOnErrors?: number
  readonly operations: readonly BulkOperation[]
}

const reference = /^bulkId:(.{1,200})$/

/** RFC 7644 section 3.7. A fault of one operation is that operation's alone. Throws `invalidSyntax` for what is no Bulk request. */
export function readBulk(body: unknown): BulkRequest {
  const given = objectBody(body)
  const field = (name: string) => Object.entries(given).find(([key]) => key.toLowerCase() === name)?.[1]
  if (!namesSchema(field('schemas'), messageUrn.bulkRequest))
    throw refuse('invalidSyntax', `'schemas' has to name ${messageUrn.bulkRequest}`)
  const operations = field('operations')
  if (!Array.isArray(operations)) throw refuse('invalidSyntax', "'Operations' is a list")
  const failOnErrors = field('failonerrors')
  if (failOnErrors !== undefined && failOnErrors !== null && (!Number.isSafeInteger(failOnErrors) || Number(failOnErrors) < 1))
    throw refuse('invalidValue', "'failOnErrors' is a whole number from 1")
  const seen = new Set<string>()
  return {
    ...(typeof failOnErrors === 'number' ? { failOnErrors } : {}),
    operations: operations.map((operation) => readOperation(operation, seen)),
  }
}

function readOperation(given: unknown, seen: Set<string>): BulkOperation {
  const { method, bulkId, path, version, data } = objectBody(given)
  const word = typeof method === 'string' ? method.toUpperCase() : ''
  const known = word === 'POST' || word === 'PUT' || word === 'PATCH' || word === 'DELETE'
  const id = typeof bulkId === 'string' && bulkId !== '' ? bulkId : undefined
  const fault = !known
    ? `'method' is POST, PUT, PATCH or DELETE, not ${quoted(String(method))}`
    : typeof path !== 'string'
      ? "'path' is a string"
      : word === 'POST' && id === undefined
        ? "'bulkId' is required for POST"
        : id !== undefined && seen.has(id)
          ? `The bulkId ${quoted(id)} stands twice`
          : undefined
  if (id !== undefined) seen.add(id)
  return {
    method: known ? word : 'POST',
    path: typeof path === 'string' ? path : '',
    ...(id === undefined ? {} : { bulkId: id }),
    ...(typeof version === 'string' ? { version } : {}),
    ...(data === undefined ? {} : { data }),
    ...(fault === undefined ? {} : { fault }),
  }
}

/** bulkIds that the operation refers to, in its path and as whole strings anywhere in its data. */
export function referencesOf({ path, data }: Pick<BulkOperation, 'path' | 'data'>): ReadonlySet<string> {
  const found = new Set<string>()
  const inPath = /^\/[^/]+\/bulkId:([^/]+)$/.exec(path)?.[1]
  if (inPath !== undefined) found.add(inPath)
  walk(data, (text) => {
    const id = reference.exec(text)?.[1]
    if (id !== undefined) found.add(id)
  })
  return found
}

/** A copy in which each reference that is known is the id of what was made; whole strings alone, never text inside another. */
export function withReferences(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return ids.get(reference.exec(value)?.[1] ?? '') ?? value
  if (Array.isArray(value)) return value.map((item) => withReferences(item, ids))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withReferences(item, ids)]))
}

function walk(value: unknown, see: (text: string) => void): void {
  if (typeof value === 'string') see(value)
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) walk(item, see)
}
