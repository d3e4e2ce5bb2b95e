import { conflict, notFound } from '../errors/registry-error.js'
import type { Json } from '../runtime/json.js'
import type { DeletedDocument, DeletionPartRow, DeletionRow } from '../storage/deletion-rows.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { RecordingChangeSet } from '../storage/recorded-changes.js'
import { type NameRow, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Deletion } from './lifecycle.js'
import { NameRepair } from './name-repair.js'
import { repeated } from './repeated-change.js'
import type { Opened } from './repository-access.js'
import { RestoredDocuments } from './restored-documents.js'

/** Takes deletes of one repository back (security guide 1.6). */
export class Undo {
  private readonly org: string
  private readonly repo: string

  constructor(
    private readonly metadata: MetadataStore,
    private readonly opened: Opened,
    private readonly now: Date,
  ) {
    this.org = opened.context.organization.id
    this.repo = opened.context.repository.id
  }

  async *list(after?: string): AsyncIterable<Deletion> {
    const query = after === undefined ? {} : { after: [after] }
    for await (const entry of this.metadata.range(tenantKeys.deletions(this.org, this.repo), query)) {
      const deletion = deletionOf(entry)
      if (!deletion.partial && deletion.purgeAfter > this.now) yield deletion
    }
  }

  async undo(id: string): Promise<Deletion> {
    const known = /^[0-9A-Za-z_-]{1,64}$/.test(id)
    const entry = known ? await this.metadata.get(tenantKeys.deletion(this.org, this.repo, id)) : undefined
    const deletion = entry && deletionOf(entry)
    if (!deletion || deletion.purgeAfter <= this.now) throw notFound('deletion', id.slice(0, 80))
    // The files of a whole package went behind it, and come back before it: it counts by one commit.
    if (deletion.package !== undefined && deletion.version === undefined)
      for (const part of await this.rest(deletion)) await this.bring(part)
    await this.bring(deletion)
    return deletion
  }

  private async rest({ package: pkg, at }: Deletion): Promise<readonly Deletion[]> {
    const found: Deletion[] = []
    for await (const entry of this.metadata.range(tenantKeys.deletions(this.org, this.repo), {})) {
      const deletion = deletionOf(entry)
      if (deletion.partial && deletion.package === pkg && deletion.at >= at) found.push(deletion)
    }
    return found
  }

  private async bring({ id, lost }: Deletion): Promise<void> {
    if (lost) throw conflict('What was deleted here was too large to be kept beside: it cannot be brought back')
    const key = tenantKeys.deletion(this.org, this.repo, id)
    const touched = await repeated(async () => {
      const entry = await this.metadata.get(key)
      if (!entry) throw notFound('deletion', id)
      const packages = new Set<string>()
      const change = this.opened.context.change()
      if (!(change instanceof RecordingChangeSet)) throw new TypeError('a change set of another house')
      const { context, keeping } = this.opened
      const documents = new RestoredDocuments(context.documents)
      for await (const { value } of this.metadata.range(tenantKeys.deletionParts(this.org, this.repo, id), {})) {
        const part = row<DeletionPartRow>(value)
        for (const { path, seq } of part.files) change.restoreArtifact(path, seq)
        for (const document of part.documents) {
          packages.add(document.key[0])
          await this.document(document, documents)
        }
        for (const { name, before, after } of part.names) {
          packages.add(name)
          const standing = await this.metadata.get(tenantKeys.name(this.org, this.repo, name))
          if (same(standing && row<NameRow>(standing.value).facts, after)) change.describe(name, before ?? undefined)
        }
      }
      await keeping.mend?.(documents.packages, context, documents, {
        requireHead: (pkg, sequence) => change.requireHead(pkg, sequence),
        describe: (pkg, facts) => change.describe(pkg, facts),
        putDocument: (key, value) => documents.write(key, value),
        deleteDocument: (key) => documents.write(key, undefined),
      })
      documents.writeInto(change)
      const refusal = conflict('Somebody else brought it back at the same moment')
      change.withRow({ op: 'delete', key, if: { revision: entry.revision } }, refusal)
      await change.commit()
      return packages
    })
    await this.settle(touched)
  }

  /** Documents that meet with what came meanwhile say otherwise than the name did then. */
  private async settle(packages: Iterable<string>): Promise<void> {
    const { plugin } = this.opened
    if (!plugin.describe) return
    const repair = new NameRepair(this.metadata, { organizationId: this.org, repositoryId: this.repo, plugin })
    for (const pkg of packages) await repair.settle(pkg)
  }

  private async document({ key, before, after }: DeletedDocument, documents: RestoredDocuments): Promise<void> {
    const { context, plugin, keeping } = this.opened
    const found = await context.documents.find(key)
    const then = before === null ? undefined : this.upToDate(before)
    const left = after === null ? undefined : after.d
    let wanted: Json | undefined
    if (same(found?.value, left)) wanted = then
    else if (keeping.merge) {
      wanted = keeping.merge(key, {
        ...(then === undefined ? {} : { before: then }),
        ...(left === undefined ? {} : { after: left }),
        ...(found === undefined ? {} : { now: found.value }),
      })
    } else if (then !== undefined && left === undefined && found !== undefined) {
      throw conflict(`${plugin.name}: ${key.join('/')} was published anew meanwhile`, { detail: { document: key } })
    } else return
    if (same(found?.value, wanted)) return
    documents.write(key, wanted, found === undefined ? 'absent' : { revision: found.revision })
  }

  private upToDate({ dv, d }: { readonly dv: number; readonly d: Json }): Json {
    const { documents } = this.opened.plugin
    return documents && dv < documents.v ? documents.upgrade(d, dv) : d
  }
}

export function deletionOf({ key, value }: Entry): Deletion {
  const { v: _, at, purgeAfter, ...rest } = row<DeletionRow>(value)
  return { ...rest, id: key.path[0] ?? '', at: new Date(at), purgeAfter: new Date(purgeAfter) }
}

function same(a: Json | undefined, b: Json | null | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
}
