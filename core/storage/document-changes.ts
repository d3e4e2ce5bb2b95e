import { conflict, stale } from '../errors/registry-error.js'
import { documentContent } from './batch-rows.js'
import { standingHead } from './batches.js'
import type { CommitScope } from './commit-scope.js'
import type { DocumentKey } from './document-reader.js'
import type { Key, MetadataStore } from './metadata-store.js'
import type { MutationList, Reason } from './mutation-list.js'
import { seen } from './optimistic.js'
import type { RecordedChanges, WrittenAhead } from './recorded-changes.js'
import { asJson, type DocumentContent, type DocumentRow, type HeadRow, type NameRow, row } from './storage-rows.js'
import { numeral, shardOf, tenantKeys } from './tenant-keys.js'
import { untilWhole } from './whole-commits.js'

/** Documents of one commit, the list of names, reminders, and the heads that they raise. */
export class DocumentChanges {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly scope: CommitScope,
    private readonly list: MutationList,
    private readonly changes: RecordedChanges,
  ) {}

  /** The same under a batch: what stands there goes on standing until that is done. */
  async putPending(batch: string): Promise<void> {
    const { organizationId: org, documentVersion } = this.scope
    for (const { key: documentKey, value, if: condition } of this.changes.documents) {
      const key = this.keyOf(documentKey)
      const entry = await this.metadata.get(key)
      const detail = { document: documentKey }
      const before = entry && (await documentContent(this.metadata, org, entry.value))
      if (condition === 'absent' ? before : condition === 'present' && !before)
        throw conflict('The document stands otherwise than expected', { detail })
      if (typeof condition === 'object' && condition.revision !== entry?.revision)
        throw stale('The document changed meanwhile', { detail })
      if (value === undefined && !before) continue
      const next: DocumentContent =
        value === undefined ? { dv: documentVersion, d: null, none: true } : { dv: documentVersion, d: value }
      const base: DocumentContent = before ? { dv: before.dv, d: before.d } : { dv: documentVersion, d: null, none: true }
      const pending: DocumentRow = { v: 1, ...base, pending: { batch, ...next } }
      this.list.add({ op: 'put', key, value: asJson(pending), if: seen(entry) })
    }
  }

  private keyOf([pkg, ...rest]: DocumentKey): Key {
    const { organizationId: org, repositoryId: repo, plugin } = this.scope
    return tenantKeys.document(org, repo, plugin, pkg, rest)
  }

  putDocuments(): void {
    const { documentVersion } = this.scope
    for (const { key: documentKey, value, if: condition } of this.changes.documents) {
      const key = this.keyOf(documentKey)
      const reason = { kind: 'document' as const, key: documentKey }
      const where = condition === undefined ? {} : { if: condition }
      if (value === undefined) this.list.add({ op: 'delete', key, ...where }, reason)
      else {
        const document: DocumentRow = { v: 1, dv: documentVersion, d: value }
        this.list.add({ op: 'put', key, value: asJson(document), ...where }, reason)
      }
    }
  }

  /** One that is right already is left as it is, and has to be so in the commit as well: a reindex may be at it. */
  async putNames(): Promise<void> {
    const { organizationId: org, repositoryId: repo } = this.scope
    for (const [pkg, facts] of this.changes.names) {
      const key = tenantKeys.name(org, repo, pkg)
      const before = await this.metadata.get(key)
      const name: NameRow | undefined = facts && { v: 1, facts }
      if (JSON.stringify(before?.value) === JSON.stringify(name)) this.list.add({ op: 'check', key, if: seen(before) })
      else this.list.add(name === undefined ? { op: 'delete', key } : { op: 'put', key, value: asJson(name) })
    }
  }

  putReminder(at: Date, documentKey: readonly string[]): void {
    const { organizationId: org, repositoryId: repo, plugin } = this.scope
    const key = tenantKeys.reminder(
      shardOf(documentKey.join('\0')),
      numeral(at.getTime()).padStart(15, '0'),
      org,
      repo,
      plugin,
      ...documentKey,
    )
    this.list.add({ op: 'put', key, value: { v: 1 } })
  }

  private beside(pkg: string, ahead: Pick<WrittenAhead, 'id'> | undefined): NonNullable<HeadRow['beside']> {
    const of = this.changes.documents.filter(({ key }) => key[0] === pkg)
    const rest = (documents: typeof of) => documents.map(({ key: [, ...path] }) => path)
    return {
      put: rest(of.filter(({ value }) => value !== undefined)),
      gone: rest(of.filter(({ value }) => value === undefined)),
      ...(ahead ? { batch: ahead.id } : {}),
    }
  }

  /** Every package whose documents change moves on by one, strictly later than before. */
  async raiseHeads(now: Date, ahead?: Pick<WrittenAhead, 'heads' | 'id' | 'locked'>): Promise<Map<string, number>> {
    const { organizationId: org, repositoryId: repo, plugin } = this.scope
    const heads = new Map<string, number>(ahead?.locked)
    const touched = new Set([...this.changes.documents.map(({ key }) => key[0]), ...(ahead?.heads.keys() ?? [])])
    for (const pkg of new Set([...touched, ...this.changes.heads.keys()])) {
      if (ahead?.locked.has(pkg)) continue
      const key = tenantKeys.head(org, repo, plugin, pkg)
      const entry = await standingHead(this.metadata, org, key, now)
      if (entry) await untilWhole(this.metadata, entry)
      const before = entry && row<HeadRow>(entry.value)
      const required = this.changes.heads.get(pkg)
      const sequence = before?.state === 'present' ? before.seq : 0
      if (required !== undefined && required !== sequence)
        throw stale('The package changed meanwhile', { detail: { package: pkg, sequence } })
      const reason: Reason = required === undefined ? { kind: 'repeat' } : { kind: 'head', pkg }
      if (touched.has(pkg)) {
        const head: HeadRow = {
          v: 1,
          seq: (before?.seq ?? 0) + 1,
          at: Math.max(now.getTime(), (before?.at ?? 0) + 1),
          state: 'present',
          ...(this.metadata.piecemeal ? { beside: this.beside(pkg, ahead) } : {}),
        }
        this.list.add({ op: 'put', key, value: asJson(head), if: seen(entry) }, reason)
        heads.set(pkg, head.seq)
      } else {
        this.list.add({ op: 'check', key, if: seen(entry) }, reason)
        heads.set(pkg, sequence)
      }
    }
    return heads
  }
}
