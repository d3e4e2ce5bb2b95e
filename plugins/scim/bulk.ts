import {
  asRegistryError,
  conflict,
  type OrganizationContext,
  organizationRoute,
  type ProtocolRequest,
  RegistryError,
  tooLarge,
} from '#core'
import { type BulkOperation, readBulk, referencesOf, withReferences } from './bulk-plan.js'
import { baseUrl } from './discovery.js'
import { create, patch, remove, replace, type ShelfName, shelfOf } from './resource-changes.js'
import { describeFailure, failureStatus } from './scim-error.js'
import { refuse } from './scim-failure.js'
import { toScimId } from './scim-id.js'
import { bulkLimits } from './scim-limits.js'
import { scimJson } from './scim-reply.js'
import { scimBody } from './scim-request.js'
import { messageUrn } from './scim-urns.js'
import type { Shelf } from './shelf.js'
import { entityTag } from './user-resource.js'

interface Result {
  readonly method: string
  readonly bulkId?: string
  readonly location?: string
  readonly version?: string
  readonly status: string
  readonly response?: unknown
}

/** RFC 7644 section 3.7: each operation by itself, as if it had come alone; answered in the order of the request. */
export const bulkRoute = organizationRoute({
  method: 'POST',
  path: '/v2/Bulk',
  permission: 'members.manage',
  rate: 'scim',
  async handle(request, context) {
    const { operations, failOnErrors } = readBulk(await scimBody(request, bulkLimits.bytes))
    if (operations.length > bulkLimits.operations)
      throw tooLarge(`A Bulk request has at most ${bulkLimits.operations} operations; this one has ${operations.length}`)
    request.charge(operations.length - 1)
    const results = await new BulkRun(operations, context, request).all(failOnErrors ?? Number.POSITIVE_INFINITY)
    return scimJson(200, { schemas: [messageUrn.bulkResponse], Operations: results })
  },
})

class BulkRun {
  /** By bulkId, what POST made. */
  private readonly made = new Map<string, string>()
  private readonly results: (Result | undefined)[]
  private errors = 0

  constructor(
    private readonly operations: readonly BulkOperation[],
    private readonly context: OrganizationContext,
    private readonly request: ProtocolRequest,
  ) {
    this.results = operations.map(() => undefined)
  }

  /** In the order of the request, but those that wait for the id of another one behind it. */
  async all(most: number): Promise<readonly Result[]> {
    const promised = new Set(this.operations.flatMap(({ method, bulkId }) => (method === 'POST' && bulkId ? [bulkId] : [])))
    let waiting = this.operations.map((operation, index) => ({ operation, index, needs: referencesOf(operation) }))
    while (waiting.length > 0 && this.errors < most) {
      const left: typeof waiting = []
      let moved = false
      for (const item of waiting) {
        if (this.errors >= most) break
        if (this.isReady(item.needs, promised)) {
          await this.run(item.operation, item.index)
          moved = true
        } else left.push(item)
      }
      waiting = left
      if (moved || waiting.length === 0) continue
      waiting = await this.breakCircle(waiting)
    }
    return this.results.filter((result) => result !== undefined)
  }

  /** A reference to what will never be made is no reason to wait: it fails in its turn. */
  private isReady(needs: ReadonlySet<string>, promised: ReadonlySet<string>): boolean {
    return [...needs].every((id) => this.made.has(id) || !promised.has(id) || this.hasFailed(id))
  }

  private hasFailed(bulkId: string): boolean {
    const index = this.operations.findIndex((operation) => operation.method === 'POST' && operation.bulkId === bulkId)
    return this.results[index] !== undefined && !this.made.has(bulkId)
  }

  /** Of operations that wait for each other one is made without what it refers to, which is added once all of it stands. */
  private async breakCircle<Item extends { readonly operation: BulkOperation; readonly index: number }>(
    waiting: readonly Item[],
  ) {
    const first = waiting.find(({ operation }) => operation.method === 'POST')
    if (first === undefined) {
      for (const { operation, index } of waiting) this.fail(operation, index, unresolved())
      return []
    }
    const { operation, index } = first
    await this.run({ ...operation, data: withoutUnmade(operation.data, this.made) }, index)
    const made = operation.bulkId === undefined ? undefined : this.made.get(operation.bulkId)
    if (made !== undefined) {
      const rest = waiting.filter((item) => item !== first)
      const data = { schemas: [messageUrn.patch], Operations: [{ op: 'add', value: referring(operation.data, this.made) }] }
      const later = { method: 'PATCH', path: `${operation.path}/${made}`, data } as const
      return [...rest, { operation: later, index, needs: referencesOf(later) } as unknown as Item]
    }
    return waiting.filter((item) => item !== first)
  }

  private async run(operation: BulkOperation, index: number): Promise<void> {
    const before = this.results[index]
    try {
      if (operation.fault !== undefined) throw refuse('invalidSyntax', operation.fault)
      const path = operation.path.replace(/\/bulkId:(.+)$/, (whole, id: string) => `/${this.made.get(id) ?? whole.slice(1)}`)
      const data = withReferences(operation.data, this.made)
      if (referencesOf({ path, data }).size > 0) throw unresolved()
      const result = await this.perform({ ...operation, path, data })
      this.results[index] = before === undefined ? result : { ...before, ...(result.version ? { version: result.version } : {}) }
    } catch (thrown) {
      this.fail(operation, index, asRegistryError(thrown))
    }
  }

  private async perform({ method, bulkId, path, version, data }: BulkOperation): Promise<Result> {
    const { shelf, id } = this.target(method, path)
    const conditions = { header: (name: string) => (name === 'if-match' ? version : undefined) }
    const common = { method, ...(bulkId === undefined ? {} : { bulkId }) }
    if (method === 'DELETE') {
      await remove(shelf, id, conditions)
      return { ...common, location: this.location(shelf, id), status: '204' }
    }
    const row =
      method === 'POST'
        ? await create(shelf, data)
        : method === 'PUT'
          ? await replace(shelf, id, data, conditions)
          : await patch(shelf, id, data, conditions)
    const scimId = toScimId(row.id)
    if (method === 'POST' && bulkId !== undefined) this.made.set(bulkId, scimId)
    const status = method === 'POST' ? '201' : '200'
    return { ...common, location: this.location(shelf, scimId), version: entityTag(row.revision), status }
  }

  /** Throws `invalidPath` for whatever is no address of a user or group. */
  private target(method: string, path: string): { readonly shelf: Shelf; readonly id: string } {
    const match = /^\/(Users|Groups)(?:\/([A-Za-z0-9-]{1,64}))?$/.exec(path)
    const id = match?.[2] ?? ''
    if (match === null || (method === 'POST') !== (id === ''))
      throw refuse('invalidPath', method === 'POST' ? "'path' is /Users or /Groups" : "'path' is /Users/{id} or /Groups/{id}")
    return { shelf: shelfOf(match[1] as ShelfName, this.context), id }
  }

  private location({ type }: Shelf, id: string): string {
    return `${baseUrl(this.context)}${type.endpoint}/${id}`
  }

  private fail({ method, bulkId, path }: BulkOperation, index: number, failure: RegistryError): void {
    this.errors += 1
    const status = failureStatus(failure)
    if (status >= 500) this.context.log.error('scim.bulk-operation-failed', { index, cause: failure.cause ?? failure })
    const named = /^\/(?:Users|Groups)\/[0-9a-f-]{36}$/.test(path) ? { location: baseUrl(this.context) + path } : {}
    this.results[index] = {
      method: this.results[index]?.method ?? method,
      ...(bulkId === undefined ? {} : { bulkId }),
      ...named,
      status: String(status),
      response: describeFailure(failure, status, this.request.id),
    }
  }
}

function unresolved(): RegistryError {
  return conflict('A bulkId that this operation refers to was not made')
}

/** The attributes that refer to what is not made yet, whole. */
function referring(data: unknown, made: ReadonlyMap<string, string>): unknown {
  if (typeof data !== 'object' || data === null) return {}
  return Object.fromEntries(
    Object.entries(data).filter(([, value]) => [...referencesOf({ path: '', data: value })].some((id) => !made.has(id))),
  )
}

/** Without list entries and values that refer to what is not made yet. */
function withoutUnmade(value: unknown, made: ReadonlyMap<string, string>): unknown {
  const refers = (item: unknown) => [...referencesOf({ path: '', data: item })].some((id) => !made.has(id))
  if (Array.isArray(value)) return value.filter((item) => !refers(item)).map((item) => withoutUnmade(item, made))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => {
      if (typeof item === 'string') return refers(item) ? [] : [[name, item]]
      return [[name, withoutUnmade(item, made)]]
    }),
  )
}
