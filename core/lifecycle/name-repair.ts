import type { ProtocolPlugin } from '../plugin/protocol-plugin.js'
import type { MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { asJson, type HeadRow, type NameRow, row } from '../storage/storage-rows.js'
import { StoredDocumentReader } from '../storage/stored-document-reader.js'
import { tenantKeys } from '../storage/tenant-keys.js'

/** A repository, and the plugin that its documents are of. */
export interface IndexedPlace {
  readonly organizationId: string
  readonly repositoryId: string
  readonly plugin: ProtocolPlugin
}
export interface NameFinding {
  readonly kind: 'right' | 'namesWritten' | 'namesRemoved'
  /** Does it stand on the list, once it is right? */
  readonly listed: boolean
  /** What makes it right, under the name's row and the package's head as they were read: whoever publishes meanwhile is not overwritten. */
  readonly mutations: readonly Mutation[]
}

/** The name of one package on the list, held against what its documents say. */
export class NameRepair {
  private readonly documents: StoredDocumentReader

  constructor(
    private readonly metadata: MetadataStore,
    private readonly place: IndexedPlace,
  ) {
    const { organizationId, repositoryId, plugin } = place
    const versions = plugin.documents === undefined ? {} : { versions: plugin.documents }
    this.documents = new StoredDocumentReader(metadata, { organizationId, repositoryId, plugin: plugin.name, ...versions })
  }

  /** Makes it right, whoever else is at it. */
  async settle(pkg: string): Promise<void> {
    for (;;) {
      const { kind, mutations } = await this.look(pkg)
      if (kind === 'right' || (await commitUnlessMoved(this.metadata, mutations))) return
    }
  }

  async look(pkg: string): Promise<NameFinding> {
    const { organizationId: org, repositoryId: repo, plugin } = this.place
    const key = tenantKeys.name(org, repo, pkg)
    const headKey = tenantKeys.head(org, repo, plugin.name, pkg)
    // The head first: whatever is read after it and moves takes the head with it.
    const head = await this.metadata.get(headKey)
    const stands = head !== undefined && row<HeadRow>(head.value).state === 'present'
    const facts = stands ? await plugin.describe?.(pkg, this.documents) : undefined
    const name: NameRow | undefined = facts && { v: 1, facts }
    const before = await this.metadata.get(key)
    const listed = name !== undefined
    if (JSON.stringify(before?.value) === JSON.stringify(name)) return { kind: 'right', listed, mutations: [] }
    const unmoved: Mutation = { op: 'check', key: headKey, if: seen(head) }
    const change: Mutation =
      name === undefined ? { op: 'delete', key, if: seen(before) } : { op: 'put', key, value: asJson(name), if: seen(before) }
    return { kind: listed ? 'namesWritten' : 'namesRemoved', listed, mutations: [unmoved, change] }
  }
}
