import { forbidden, invalid } from '../errors/registry-error.js'
import type { Json } from '../runtime/json.js'
import type { ChangeSet, Committed } from './change-set.js'
import type { DocumentKey } from './document-reader.js'
import type { Condition } from './metadata-store.js'

const valueBytes = 1_024

/** A change set that reaches documents of one member alone: behind the package's name its id stands in their keys. */
export class OwnChangeSet implements ChangeSet {
  constructor(
    private readonly changes: ChangeSet,
    private readonly id: string,
  ) {}

  putDocument(key: DocumentKey, value: Json, condition?: Condition): this {
    this.hold(key)
    if (JSON.stringify(value).length > valueBytes) throw invalid(`A document of one's own has at most ${valueBytes} characters`)
    this.changes.putDocument(key, value, condition)
    return this
  }

  deleteDocument(key: DocumentKey, condition?: Condition): this {
    this.hold(key)
    this.changes.deleteDocument(key, condition)
    return this
  }

  requireHead(pkg: string, sequence: number): this {
    this.changes.requireHead(pkg, sequence)
    return this
  }

  commit(): Promise<Committed> {
    return this.changes.commit()
  }

  private hold([, ...behind]: DocumentKey): void {
    if (!behind.includes(this.id)) throw forbidden('This is not a document of your own')
  }
}
