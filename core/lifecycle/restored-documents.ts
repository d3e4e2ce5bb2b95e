import { notFound } from '../errors/registry-error.js'
import type { Json } from '../runtime/json.js'
import type { Document, DocumentKey, DocumentReader, PackageHead } from '../storage/document-reader.js'
import type { Condition } from '../storage/metadata-store.js'
import type { RecordingChangeSet } from '../storage/recorded-changes.js'

interface Restored {
  readonly key: DocumentKey
  readonly value: Json | undefined
  readonly if?: Condition
}

/** A plugin's documents as an undo will leave them: what it writes over what is stored. */
export class RestoredDocuments implements DocumentReader {
  private readonly written = new Map<string, Restored>()

  constructor(private readonly stored: DocumentReader) {}

  /** Of a document that was written before, the condition stays. */
  write(key: DocumentKey, value: Json | undefined, condition?: Condition): void {
    const name = key.join('\0')
    const where = condition ?? this.written.get(name)?.if
    this.written.set(name, { key, value, ...(where === undefined ? {} : { if: where }) })
  }

  get packages(): ReadonlySet<string> {
    return new Set([...this.written.values()].map(({ key }) => key[0]))
  }

  writeInto(change: RecordingChangeSet): void {
    for (const { key, value, if: where } of this.written.values())
      if (value === undefined) change.deleteDocument(key, where)
      else change.putDocument(key, value, where)
  }

  head(pkg: string): Promise<PackageHead | undefined> {
    return this.stored.head(pkg)
  }
  async find(key: DocumentKey): Promise<Document | undefined> {
    const restored = this.written.get(key.join('\0'))
    return restored === undefined ? this.stored.find(key) : asDocument(restored)
  }
  async get(key: DocumentKey): Promise<Document> {
    const found = await this.find(key)
    if (!found) throw notFound('document', key.join('/'))
    return found
  }
  /** What comes back stands last, whatever its key. */
  async *list(prefix: DocumentKey): AsyncIterable<Document> {
    for await (const document of this.stored.list(prefix)) if (!this.written.has(document.key.join('\0'))) yield document
    for (const restored of this.written.values()) {
      const document = prefix.every((part, at) => restored.key[at] === part) ? asDocument(restored) : undefined
      if (document) yield document
    }
  }
}

function asDocument({ key, value }: Restored): Document | undefined {
  return value === undefined ? undefined : { key, value, revision: '' }
}
