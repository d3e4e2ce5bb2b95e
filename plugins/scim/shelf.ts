import type { ResourceType } from './attribute.js'
import type { IndexHint } from './index-hint.js'
import type { ScimObject } from './resource.js'

/** What a resource is read with: attributes that lie elsewhere are left out where nobody asks for them. */
export interface Reading {
  /** `groups` of a user, `members` of a group. */
  readonly related: boolean
  /** `members.display`, `manager.displayName`: read of each member. */
  readonly displays: boolean
}

/** A resource as it lies in the directory. */
export interface Shelved {
  readonly id: string
  readonly createdAt: Date
  readonly revision: string
}

/** The resources of one type in the caller's organization. Ids are the house's own. */
export interface Shelf<Row extends Shelved = Shelved> {
  readonly type: ResourceType
  /** The attribute that lies elsewhere. */
  readonly related: 'groups' | 'members'
  /** The house's id for one of SCIM's; undefined where it is none of this type. */
  houseId(scimId: string): string | undefined
  /** Undefined for what does not exist, or is not for identity providers to see. */
  find(id: string): Promise<Row | undefined>
  /** Of all, oldest first. */
  places(): Promise<readonly Pick<Shelved, 'id' | 'createdAt'>[]>
  /** Those that are there, in the order of the ids. */
  read(ids: readonly string[]): AsyncIterable<Row>
  /** All that may have this value, and perhaps others; undefined where the attribute has no index here. */
  hinted(hint: IndexHint): AsyncIterable<Row> | undefined
  resource(row: Row, reading: Reading): Promise<ScimObject>
  create(resource: ScimObject): Promise<Row>
  /** Writes what differs between the two under the row's revision; the row itself where nothing does. Throws `stale`. */
  write(row: Row, before: ScimObject, after: ScimObject): Promise<Row>
  /** Throws `stale` where `revision` is given and not the row's own any more. */
  remove(row: Row, revision?: string): Promise<void>
}
