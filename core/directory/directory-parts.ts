import type { PasswordHash } from '../auth/password-hash.js'
import type { MailPost } from '../mail/mail-post.js'
import type { BoundedMap } from '../runtime/bounded-map.js'
import type { Clock } from '../runtime/clock.js'
import type { Entry, Key, MetadataStore, RangeQuery } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { chunkOf, headChunk, readChunk } from './group-rows.js'

const together = 25

/** What this process knows of an identity provider's leavers: a hint that spares counting. */
export interface LeaverCount {
  /** When active users were counted; monotonic. */
  readonly at: number
  readonly users: number
  /** So many more leave before it is worth while to count again. */
  free: number
}

/** What members and groups of one caller's organization are read and written with. */
export class DirectoryParts {
  readonly org: string

  constructor(
    readonly store: MetadataStore,
    readonly clock: Clock,
    readonly hashes: PasswordHash,
    readonly scope: CallerScope,
    readonly post: MailPost,
    readonly leaverCounts: BoundedMap<string, LeaverCount>,
  ) {
    this.org = scope.tenant.organization.id
  }

  requireRead(): void {
    if (!this.scope.permits('members.manage')) this.scope.require('members.read')
  }

  change(action: string, kind: 'member' | 'group', id: string, changes: readonly string[] = []): OrganizationChange {
    return new OrganizationChange(this.store, this.org, callerEntry(this.scope, this.clock.now(), action, { kind, id }, changes))
  }

  /** Rows behind a list of names, a few at a time: what the list names and is gone meanwhile is left out. */
  async *behind(query: RangeQuery, keyOf: (entry: Entry) => Key | undefined): AsyncIterable<Entry> {
    let keys: Key[] = []
    for await (const entry of this.store.range(tenantKeys.organizationRows(this.org), query)) {
      const key = keyOf(entry)
      if (key !== undefined) keys.push(key)
      if (keys.length < together) continue
      yield* this.all(keys)
      keys = []
    }
    yield* this.all(keys)
  }

  async *all(keys: readonly Key[]): AsyncIterable<Entry> {
    for (let from = 0; from < keys.length; from += together) {
      const entries = await Promise.all(keys.slice(from, from + together).map((key) => this.store.get(key)))
      for (const entry of entries) if (entry !== undefined) yield entry
    }
  }

  /** Rows that mean nothing any more, in as many commits as it takes. */
  async clear(keys: readonly Key[], action: string, kind: 'member' | 'group', id: string, what: string): Promise<void> {
    for (let from = 0; from < keys.length; ) {
      const start = from
      await untilSettled(async () => {
        const change = this.change(action, kind, id, [what])
        const some = keys.slice(start, start + change.room)
        for (const key of some) change.delete(key)
        await change.commit()
        from = start + some.length
      })
    }
  }

  /** Ids of the groups that a member is in, as their rows say. */
  async groupsOf(member: string): Promise<ReadonlySet<string>> {
    const groups = new Set<string>()
    for await (const entry of this.store.range(tenantKeys.organizationRows(this.org), { prefix: ['group'] })) {
      const { group, chunk } = chunkOf(entry)
      if (chunk !== headChunk && readChunk(entry).includes(member)) groups.add(group)
    }
    return groups
  }

  async grantKeys(subject: string): Promise<readonly Key[]> {
    const keys: Key[] = []
    const query = { prefix: ['grant', subject] }
    for await (const { key } of this.store.range(tenantKeys.organizationRows(this.org), query)) keys.push(key)
    return keys
  }
}
