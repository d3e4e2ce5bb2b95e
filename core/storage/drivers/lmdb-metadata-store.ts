import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import { type RegistryError, unavailable } from '../../errors/registry-error.js'
import { type Logger, silentLogger } from '../../runtime/logger.js'
import { type CheckedMutation, checkCommit, commitFingerprint, conditionFailure } from '../commit-check.js'
import { CommitMemory } from '../commit-memory.js'
import { checkLimit, decodeCursor, decodeKey, encodeCursor, encodeKey, keySpan } from '../key-order.js'
import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../metadata-store.js'
import { Ballast } from './ballast.js'
import { openEnvironment } from './lmdb-environment.js'
import { decodeRow, encodeRow, revisionOf, sealRow } from './lmdb-row.js'
import { refuseNetworkVolume } from './volume.js'

export interface LmdbOptions {
  /** Made where absent; several processes of one machine may have it open. */
  readonly folder: string
  readonly readOnly?: boolean
  /** 256 MiB; 0 for none. */
  readonly ballastBytes?: number
  /** 64 GiB of address space; the file grows as it needs. */
  readonly mapBytes?: number
  /** Called once, when a write failed: the store takes no more, and the process has to end with a status of its own. */
  readonly onFatal?: (failure: RegistryError) => void
  readonly logger?: Logger
}

/** A partition has at least one byte, so its two bytes of length are never zero: below lies what is the store's own. */
const sequenceKey = Buffer.from('\0\0sequence')
const firstKey = Buffer.from([0, 1])
const pageRows = 1_000
const pageBytes = 1024 * 1024

/** The embedded store, under the rules of security guide 1.8. Commits that wait together become durable by one flush. */
export class LmdbMetadataStore implements MetadataStore {
  readonly name = 'embedded'
  readonly #commits = new CommitMemory()
  readonly #running = new Set<Promise<unknown>>()
  readonly #logger: Logger
  readonly #stopBallast = new AbortController()
  readonly #readerCheck: NodeJS.Timeout
  #state: 'open' | 'read-only' | 'no-room' | 'failed' | 'closed' = 'open'
  #closing: Promise<void> | undefined
  #roomAskedAt = 0
  #fresh = false
  readonly #outlived = () => {
    this.#fresh = false
  }

  protected constructor(
    private readonly db: RootDatabase<Buffer, Buffer>,
    private readonly options: LmdbOptions,
    private readonly ballast: Ballast,
  ) {
    this.#logger = options.logger ?? silentLogger
    db.readerCheck()
    this.#readerCheck = setInterval(() => db.readerCheck(), 3_600_000).unref()
  }

  static async open(options: LmdbOptions): Promise<LmdbMetadataStore> {
    const { folder } = options
    if (options.readOnly !== true) await mkdir(folder, { recursive: true, mode: 0o700 })
    await refuseNetworkVolume(folder)
    const used = (await stat(join(folder, 'data.mdb')).catch(() => undefined)) !== undefined
    const db = openEnvironment(folder, options.readOnly === true, options.mapBytes)
    const store = new this(db, options, new Ballast(folder, options.ballastBytes ?? 256 * 1024 ** 2))
    await store.#begin(used)
    return store
  }

  measure(): { readonly rows: number; readonly pages: number } {
    this.#checkReadable()
    const { entryCount, treeBranchPageCount, treeLeafPageCount, overflowPages } = this.db.getStats() as Record<string, number>
    const pages = [treeBranchPageCount, treeLeafPageCount, overflowPages].reduce<number>((sum, count = 0) => sum + count, 0)
    return { rows: entryCount ?? 0, pages }
  }

  async get(key: Key): Promise<Entry | undefined> {
    const bytes = encodeKey(key)
    this.#checkReadable()
    this.#freshSnapshot()
    const row = this.db.getBinaryFast(bytes)
    return row === undefined ? undefined : decodeRow(key, row)
  }

  /** The library keeps one snapshot for a millisecond; another process may have committed since it was taken. A new one for each callback of the event
   *  loop, that is for each request: what arrives later is another callback, and what a request reads in one go may be of one moment. */
  #freshSnapshot(): void {
    if (this.#fresh) return
    this.#fresh = true
    this.db.resetReadTxn()
    process.nextTick(this.#outlived)
  }

  async *range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    let { lower, upper } = keySpan(partition, query)
    let left = checkLimit(query)
    const descending = query.descending === true
    for (let rows = 100; left > 0; rows = pageRows) {
      const { found, more } = this.#page(lower, upper, descending, Math.min(rows, left))
      for (const { key, value } of found) yield decodeRow(decodeKey(key), value)
      const last = found.at(-1)?.key
      if (!more || last === undefined) return
      left -= found.length
      if (descending) upper = last
      else lower = Buffer.concat([last, Buffer.of(0)])
    }
  }

  async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    const checked = checkCommit(mutations, token)
    // Without a pause where it is open: what was begun before `close` is waited for.
    if (this.#state !== 'open') await this.#checkWritable()
    await this.#commits.once(token, commitFingerprint(checked), () => this.#write(checked))
  }

  async *scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }> {
    let lower: Buffer = after === undefined ? firstKey : Buffer.concat([decodeCursor(after), Buffer.of(0)])
    const upper = Buffer.of(0xff, 0xff)
    for (;;) {
      const { found, more } = this.#page(lower, upper, false, pageRows)
      for (const { key, value } of found) yield { entry: decodeRow(decodeKey(key), value), cursor: encodeCursor(key) }
      const last = found.at(-1)?.key
      if (!more || last === undefined) return
      lower = Buffer.concat([last, Buffer.of(0)])
    }
  }

  /** A whole copy into an empty folder while the store runs; copying its file does not give one. */
  async backup(folder: string): Promise<void> {
    this.#checkReadable()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await this.db.backup(folder, false)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Runs `apply` inside a write transaction, alone or with others that wait; resolves when it is on disk. */
  protected transact<T>(apply: () => T): Promise<T> {
    return this.db.transaction(apply)
  }

  async #begin(used: boolean): Promise<void> {
    if (this.options.readOnly === true) {
      this.#state = 'read-only'
      return
    }
    // Data without ballast: the last process gave it up on a full volume. Until there is room for it again, nothing is written.
    if (used && !(await this.ballast.isThere()) && !(await this.ballast.hasRoom())) this.#state = 'no-room'
    else this.#layBallast()
  }

  #layBallast(): void {
    this.#track(
      this.ballast.lay(this.#stopBallast.signal).catch((cause: unknown) => {
        this.#logger.warn('storage.ballast', { cause })
      }),
    )
  }

  async #write(mutations: readonly CheckedMutation[]): Promise<void> {
    const rows = mutations.map(({ text }) => (text === undefined ? undefined : encodeRow(text)))
    let failure: RegistryError | undefined
    try {
      failure = await this.#track(this.transact(() => this.#apply(mutations, rows)))
    } catch (thrown) {
      throw this.#fail(thrown)
    }
    if (failure !== undefined) throw failure
  }

  /** All conditions before the first write: the transaction is shared with other commits and cannot be rolled back for one. */
  #apply(mutations: readonly CheckedMutation[], rows: readonly (Buffer | undefined)[]): RegistryError | undefined {
    for (const [index, { key, if: condition }] of mutations.entries()) {
      if (condition === undefined) continue
      const row = this.db.getBinaryFast(key)
      const failure = conditionFailure(condition, row === undefined ? undefined : revisionOf(row), index)
      if (failure !== undefined) return failure
    }
    if (mutations.every(({ op }) => op === 'check')) return undefined
    const before = this.db.getBinaryFast(sequenceKey)
    const sequence = (before === undefined ? 0 : Number(before.readBigUInt64BE(0))) + 1
    const next = Buffer.alloc(8)
    next.writeBigUInt64BE(BigInt(sequence))
    this.db.putSync(sequenceKey, next)
    for (const [index, { key, op }] of mutations.entries()) {
      const row = rows[index]
      if (row !== undefined) this.db.putSync(key, sealRow(row, sequence))
      else if (op === 'delete') this.db.removeSync(key)
    }
    return undefined
  }

  #page(
    lower: Buffer,
    upper: Buffer,
    descending: boolean,
    limit: number,
  ): { found: { key: Buffer; value: Buffer }[]; more: boolean } {
    this.#checkReadable()
    this.#freshSnapshot()
    // Backwards the library ends before `end`; nothing lies between `lower` and itself without its last, zero, byte.
    const below = lower.at(-1) === 0 ? lower.subarray(0, -1) : lower
    const rows = this.db.getRange(descending ? { start: upper, end: below, reverse: true } : { start: lower, end: upper })
    const found: { key: Buffer; value: Buffer }[] = []
    let bytes = 0
    for (const { key, value } of rows) {
      if (found.length >= limit || bytes >= pageBytes) return { found, more: true }
      if (descending && key.equals(upper)) continue
      found.push({ key, value })
      bytes += value.length
    }
    return { found, more: false }
  }

  #checkReadable(): void {
    if (this.#state === 'closed') throw unavailable('The metadata store is closed')
  }

  async #checkWritable(): Promise<void> {
    if (this.#state === 'no-room' && performance.now() - this.#roomAskedAt > 5_000) {
      this.#roomAskedAt = performance.now()
      if (await this.ballast.hasRoom()) {
        this.#state = 'open'
        this.#layBallast()
        return
      }
    }
    throw unavailable(this.#state === 'closed' ? 'The metadata store is closed' : 'The metadata store takes no writes', 30)
  }

  /** After a failed write the library's memory cannot be trusted: no second attempt, whatever the reason was. */
  #fail(cause: unknown): RegistryError {
    const second = (cause as { commitError?: Promise<unknown> }).commitError
    second?.catch((reason: unknown) => this.#logger.error('storage.commit-failed', { cause: reason }))
    const failure = unavailable('The metadata store takes no writes', 30, { cause })
    if (this.#state !== 'failed') {
      this.#state = 'failed'
      this.#stopBallast.abort()
      this.ballast.remove()
      this.#logger.error('storage.failed', { cause })
      this.options.onFatal?.(failure)
    }
    return failure
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => this.#running.delete(settled),
      () => this.#running.delete(settled),
    )
    this.#running.add(settled)
    return work
  }

  async #close(): Promise<void> {
    const failed = this.#state === 'failed'
    this.#state = 'closed'
    clearInterval(this.#readerCheck)
    this.#stopBallast.abort()
    await Promise.all(this.#running)
    if (!failed) await this.db.close()
  }
}
