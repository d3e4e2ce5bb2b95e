import { originHash, recordHash } from './chain-record.js'
import { auditOrigin, auditRecord, beginning, type ChainedRecord, type ChainPlace, placeShape } from './chain-rows.js'

/** The lines of an export: where it begins, the rows, where it ends. */
export type ExportLine =
  | { readonly begin: ChainPlace & { readonly org: string } }
  | (ChainedRecord['record'] & Pick<ChainedRecord, 'prev' | 'hash' | 'origin'>)
  | { readonly end: ChainPlace }

/** 'unreadable': no line of an export. 'changed': a row is not what was hashed. 'gap', 'order': a row is missing or in another's place. 'broken': it does
 *  not follow the row before it. 'foreign': of another organization. 'truncated': the end is missing. 'witness': the chain was made anew. */
export type ChainFaultKind = 'unreadable' | 'changed' | 'gap' | 'order' | 'broken' | 'foreign' | 'truncated' | 'witness'
export interface ChainFault {
  readonly kind: ChainFaultKind
  /** Of the row at which it shows. */
  readonly seq: number
  readonly words: string
}
export interface ChainVerdict {
  readonly rows: number
  readonly begin?: ChainPlace & { readonly org: string }
  /** The last row that is proven, to be kept where nobody who can write the store can change it. */
  readonly end: ChainPlace
  readonly fault?: ChainFault
}

/** Recomputes a chain from the lines of its export, one at a time, in order. Needs nothing but the lines. */
export class ChainCheck {
  private begin: (ChainPlace & { readonly org: string }) | undefined
  private last: ChainPlace = beginning
  private rows = 0
  private ended = false
  private found: ChainFault | undefined
  private readonly unseen: Map<number, string>

  /** `witnesses`: places that were noted from earlier exports. */
  constructor(witnesses: readonly ChainPlace[] = []) {
    this.unseen = new Map(witnesses.map(({ seq, hash }) => [seq, hash]))
  }

  /** False once a fault was found: what follows says nothing more. */
  take(line: unknown): boolean {
    if (this.found === undefined) this.judge(line)
    return this.found === undefined
  }

  /** A line that is no JSON. */
  takeUnreadable(): boolean {
    return this.fail('unreadable', this.last.seq + 1, `The line behind row ${this.last.seq} is no line of an export`)
  }

  verdict(): ChainVerdict {
    if (!this.ended) this.fail('truncated', this.last.seq, `The export ends at row ${this.last.seq} without its last line`)
    const { begin, last: end, rows, found } = this
    for (const [seq] of this.unseen) {
      if (found === undefined && seq > end.seq)
        this.fail('truncated', end.seq, `The chain ends at row ${end.seq}, and row ${seq} was seen earlier`)
    }
    const fault = this.found
    return { rows, end, ...(begin === undefined ? {} : { begin }), ...(fault === undefined ? {} : { fault }) }
  }

  private judge(line: unknown): boolean {
    const next = this.last.seq + 1
    if (this.ended) return this.fail('unreadable', next, 'Something follows the last line of the export')
    if (typeof line !== 'object' || line === null) return this.takeUnreadable()
    if (this.begin === undefined) return this.opens(line)
    if ('end' in line) return this.ends(line.end)
    const { prev, hash, origin, ...rest } = line as Record<string, unknown>
    const record = auditRecord.safeParse(rest)
    if (!record.success) return this.fail('changed', next, `Row ${next} has not the fields of an audit row`)
    const { seq, org } = record.data
    if (seq > next) return this.fail('gap', next, `Row ${next} is missing: row ${seq} follows row ${this.last.seq}`)
    if (seq < next) return this.fail('order', seq, `Row ${seq} follows row ${this.last.seq}`)
    if (org !== this.begin.org) return this.fail('foreign', seq, `Row ${seq} is of another organization`)
    if (prev !== this.last.hash) return this.fail('broken', seq, `Row ${seq} does not follow the row before it`)
    const computed = recordHash(this.last.hash, record.data)
    if (computed !== hash) return this.fail('changed', seq, `Row ${seq} is not what was hashed`)
    if (origin !== undefined) {
      const known = auditOrigin.safeParse(origin)
      if (!known.success || originHash(known.data) !== record.data.source)
        return this.fail('changed', seq, `Whence row ${seq} came is not what was hashed`)
    }
    const witness = this.unseen.get(seq)
    if (witness !== undefined && witness !== computed)
      return this.fail('witness', seq, `Row ${seq} had another hash when it was seen earlier: the chain was made anew`)
    this.last = { seq, hash: computed }
    this.rows += 1
    return true
  }

  private opens(line: object): boolean {
    const { org, ...place } = ('begin' in line ? line.begin : {}) as { readonly org?: unknown }
    const found = placeShape.safeParse(place)
    if (!found.success || typeof org !== 'string')
      return this.fail('unreadable', 0, 'The first line does not say where the export begins')
    const witness = this.unseen.get(found.data.seq)
    if (witness !== undefined && witness !== found.data.hash)
      return this.fail('witness', found.data.seq, `Row ${found.data.seq} had another hash when it was seen earlier`)
    this.begin = { ...found.data, org }
    this.last = found.data
    return true
  }

  private ends(place: unknown): boolean {
    const found = placeShape.safeParse(place)
    if (!found.success) return this.takeUnreadable()
    const { seq, hash } = found.data
    if (seq !== this.last.seq || hash !== this.last.hash)
      return this.fail('truncated', this.last.seq, `The export ends at row ${this.last.seq}, and says that it ends at row ${seq}`)
    this.ended = true
    return true
  }

  private fail(kind: ChainFaultKind, seq: number, words: string): false {
    this.found ??= { kind, seq, words }
    return false
  }
}
