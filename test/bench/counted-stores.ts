import type { Readable } from 'node:stream'
import type { ByteRange } from '../../core/storage/bytes.js'
import { MemoryBlobStore } from '../../core/storage/drivers/memory-blob-store.js'
import { encodePartition, encodePath } from '../../core/storage/key-order.js'
import type { Entry, Key, MetadataStore, Mutation, RangeQuery } from '../../core/storage/metadata-store.js'
import { WrappedStore } from '../faults/wrapped-store.js'

/** Calls as DynamoDB and S3 would get them, and the units that DynamoDB counts: 4 KiB read strongly, 1 KiB written, twice that in a transaction. */
export interface Calls {
  gets: number
  queries: number
  commits: number
  /** Items of all commits, checks included. */
  items: number
  readUnits: number
  writeUnits: number
  objectPuts: number
  objectGets: number
  /** HEAD and LIST. */
  objectLooks: number
}
export const noCalls = (): Calls => ({
  gets: 0,
  queries: 0,
  commits: 0,
  items: 0,
  readUnits: 0,
  writeUnits: 0,
  objectPuts: 0,
  objectGets: 0,
  objectLooks: 0,
})

/** A row as the table holds it: names of its four attributes, keys in bytes, the value as text, a revision. */
export function itemBytes({ key, value }: { readonly key: Key; readonly value?: unknown }): number {
  const keys = encodePartition(key.partition).length + encodePath(key.path).length
  return value === undefined ? keys : keys + 4 + revisionBytes + Buffer.byteLength(JSON.stringify(value))
}
const revisionBytes = 22
const units = (bytes: number, each: number) => Math.max(1, Math.ceil(bytes / each))
/** The driver asks for so many rows at first, then for more. */
const firstPage = 100
const pageRows = 1_000

/** Counts what the DynamoDB driver would send; a conditional put alone is no transaction. */
export class CountedMetadata extends WrappedStore {
  constructor(
    store: MetadataStore,
    private readonly calls: Calls,
  ) {
    super(store)
  }

  override async get(key: Key): Promise<Entry | undefined> {
    const entry = await super.get(key)
    this.calls.gets++
    this.calls.readUnits += units(entry === undefined ? 0 : itemBytes(entry), 4_096)
    return entry
  }

  override async *range(partition: string, query: RangeQuery): AsyncIterable<Entry> {
    let [rows, bytes] = [0, 0]
    const count = () => {
      this.calls.queries += rows <= firstPage ? 1 : 1 + Math.ceil((rows - firstPage) / pageRows)
      this.calls.readUnits += units(bytes, 4_096)
    }
    try {
      for await (const entry of super.range(partition, query)) {
        rows++
        bytes += itemBytes(entry)
        yield entry
      }
    } finally {
      count()
    }
  }

  override async commit(mutations: readonly Mutation[], token: string): Promise<void> {
    const [only] = mutations
    const alone = mutations.length === 1 && only?.op === 'put' && only.if !== undefined && only.if !== 'present'
    for (const mutation of mutations) {
      const written = mutation.op === 'put' ? mutation : await this.store.get(mutation.key)
      const size = written === undefined ? 0 : itemBytes({ key: mutation.key, value: (written as { value?: unknown }).value })
      this.calls.writeUnits += units(size, 1_024) * (alone ? 1 : 2)
    }
    this.calls.commits++
    this.calls.items += mutations.length
    await super.commit(mutations, token)
  }
}

/** Counts what the S3 driver would send for blobs that go in one piece. */
export class CountedBlobs extends MemoryBlobStore {
  constructor(private readonly calls: Calls) {
    super()
  }

  override async create(key: string) {
    const writer = await super.create(key)
    const finish = writer.finish.bind(writer)
    return Object.assign(writer, {
      finish: async () => {
        this.calls.objectPuts++
        await finish()
      },
    })
  }
  override open(key: string, range?: ByteRange): Promise<Readable> {
    this.calls.objectGets++
    return super.open(key, range)
  }
  override read(key: string, limit: number): Promise<Uint8Array> {
    this.calls.objectGets++
    return super.read(key, limit)
  }
  override stat(key: string) {
    this.calls.objectLooks++
    return super.stat(key)
  }
}
