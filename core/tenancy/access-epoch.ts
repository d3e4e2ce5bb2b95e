import { inject, injectable } from 'tsyringe'
import { BoundedMap } from '../runtime/bounded-map.js'
import { randomHex } from '../runtime/identifiers.js'
import { type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { anyShard, shards, tenantKeys } from '../storage/tenant-keys.js'

/** The organization's access epoch in equal copies, so that no single row takes every request's read. An epoch is a name, not a number:
 *  raising it needs no look at the one before. */
@injectable()
export class AccessEpoch {
  private readonly copies = new BoundedMap<string, readonly Key[]>(10_000)

  constructor(@inject(MetadataStore) private readonly store: MetadataStore) {}

  /** One strong read of any copy; '' where there is no such organization. */
  async read(org: string): Promise<string> {
    let keys = this.copies.get(org)
    if (keys === undefined) {
      keys = copiesOf(org)
      this.copies.set(org, keys)
    }
    const key = keys[anyShard()]
    const entry = key === undefined ? undefined : await this.store.get(key)
    const value = entry?.value
    return typeof value === 'object' && value !== null && 'e' in value ? String(value['e']) : ''
  }
}

/** Goes into the commit of every change of member, token, role, group, grant, repository or policy. */
export function raiseEpoch(org: string): readonly Mutation[] {
  const value = { v: 1, e: randomHex(12) }
  return copiesOf(org).map((key) => ({ op: 'put', key, value }))
}

/** The organization is gone: so is its epoch. */
export function endEpoch(org: string): readonly Mutation[] {
  return copiesOf(org).map((key) => ({ op: 'delete', key }))
}

function copiesOf(org: string): readonly Key[] {
  return Array.from({ length: shards }, (_, shard) => tenantKeys.access(org, shard))
}
