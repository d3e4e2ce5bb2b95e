import type { Document, DocumentKey, DocumentReader, DocumentWriter, Json, PackageFacts, RepositoryChangeSet } from '#core'

/** Documents of many versions before they go into one change set: the later sees what the earlier wrote, and of each key the last counts. */
export class DocumentDraft implements DocumentWriter {
  private readonly documents = new Map<string, { readonly key: DocumentKey; readonly value: Json | undefined }>()
  private readonly heads = new Map<string, number>()
  private readonly names = new Map<string, PackageFacts | undefined>()
  readonly reader: DocumentReader

  constructor(private readonly stored: DocumentReader) {
    this.reader = {
      head: (pkg) => stored.head(pkg),
      find: (key) => this.find(key),
      get: (key) => stored.get(key),
      list: (prefix, query) => stored.list(prefix, query),
    }
  }

  putDocument(key: DocumentKey, value: Json): void {
    this.documents.set(key.join('\0'), { key, value })
  }
  deleteDocument(key: DocumentKey): void {
    this.documents.set(key.join('\0'), { key, value: undefined })
  }
  /** The first to ask decides: whatever the package became since is found out by the commit. */
  requireHead(pkg: string, sequence: number): void {
    if (!this.heads.has(pkg)) this.heads.set(pkg, sequence)
  }
  describe(pkg: string, facts: PackageFacts | undefined): void {
    this.names.set(pkg, facts)
  }

  writeInto(change: RepositoryChangeSet): void {
    for (const [pkg, sequence] of this.heads) change.requireHead(pkg, sequence)
    for (const { key, value } of this.documents.values())
      if (value === undefined) change.deleteDocument(key)
      else change.putDocument(key, value)
    for (const [pkg, facts] of this.names) change.describe(pkg, facts)
  }

  /** A stamp is read as it is stored: one commit moves it once, however many versions it brings. */
  private async find(key: DocumentKey): Promise<Document | undefined> {
    const drafted = key.at(-1) === 'stamp' ? undefined : this.documents.get(key.join('\0'))
    if (drafted === undefined) return this.stored.find(key)
    return drafted.value === undefined ? undefined : { key, value: drafted.value, revision: '' }
  }
}
