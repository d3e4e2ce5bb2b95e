import type { OrganizationContext } from '../tenancy/organization-context.js'

/** Facts about committed changes, by name. */
export interface Events {
  'artifact.published': ArtifactEvent
  'artifact.deleted': ArtifactEvent
  'member.changed': MemberEvent
  'repository.changed': RepositoryEvent
}
export interface ArtifactEvent {
  readonly id: string
  readonly organization: string
  readonly repository: string
  readonly path: string
  readonly sha256: string
  readonly size: number
  readonly actor: string
}
/** Of a member's own row or password; grants, tokens and places in groups are no part of it. */
export interface MemberEvent {
  readonly id: string
  readonly organization: string
  readonly member: string
  readonly change: 'created' | 'updated' | 'deleted'
  readonly actor: string
}
/** Of a repository's own row, its name and settings; grants and retention rules are no part of it. `repository` is its id, which a rename leaves. */
export interface RepositoryEvent {
  readonly id: string
  readonly organization: string
  readonly repository: string
  readonly change: 'created' | 'updated' | 'deleted'
  readonly actor: string
}

/** Only a commit publishes. Delivered after it, from rows that it wrote: at least once, so a listener looks at `id` before it acts; on one process, in the
 *  order of the log for each repository. The listener gets its own scoped context. It cannot veto: where it fails it is asked again, eight times in 24
 *  hours, and what came after it does not wait. */
export interface EventBus {
  subscribe<K extends keyof Events>(kind: K, listener: (event: Events[K], context: OrganizationContext) => Promise<void>): void
}
export const EventBus = Symbol('EventBus')
