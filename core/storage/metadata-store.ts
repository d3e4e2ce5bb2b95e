import type { Json } from '../runtime/json.js'

/** The limits of the contract, the narrower of both stores: encoded bytes, values as JSON text in UTF-8. */
export const metadataLimits = {
  partitionBytes: 1_280,
  pathBytes: 640,
  valueBytes: 256 * 1024,
  mutations: 100,
  commitBytes: 3 * 1024 * 1024,
} as const

export interface RangeQuery {
  /** Whole segments: 'foo' is no prefix of 'foo-bar'. */
  readonly prefix?: readonly string[]
  /** Begins behind this path, in the direction asked for. */
  readonly after?: readonly string[]
  readonly limit?: number
  readonly descending?: boolean
}

/** Ordered documents. Every limit above is enforced: passing one is `invalid`. */
export interface MetadataStore {
  /** 'embedded', 'dynamodb', 'memory'. */
  readonly name: string
  /** Until a commit is acknowledged, others may read some of its rows as they will be and some as they were. Where it is so, all rows that a commit puts have
   *  one revision, which no other commit gives to any row. */
  readonly piecemeal?: boolean
  /** Reads see the last commit. */
  get(key: Key): Promise<Entry | undefined>
  /** One partition, in byte order of the encoded key. */
  range(partition: string, query: RangeQuery): AsyncIterable<Entry>
  /** All or nothing, across partitions; one mutation per key. Durable when it resolves.
   *  `token` (at most 36 characters): new for each set of mutations, equal only for an equal repeat within ten minutes, which then is harmless.
   *  Throws `conflict` where an `absent` or `present` did not hold, `stale` where a revision moved on; `detail.mutation` is the index of
   *  the first that failed. Throws `unavailable` where the store no longer takes writes. */
  commit(mutations: readonly Mutation[], token: string): Promise<void>
  /** Every entry, in no promised order, resumable: sweeper, reindex, export, removal of a tenant. Never on a request's path. */
  scan(after?: string): AsyncIterable<{ readonly entry: Entry; readonly cursor: string }>
  close(): Promise<void>
  /** Of a store that knows them without looking at each row. `pages`: in use. */
  measure?(): { readonly rows: number; readonly pages: number }
}
export const MetadataStore = Symbol('MetadataStore')

/** `partition` is made by tenant-keys.ts alone; `path` has one segment or more, none empty, none with a zero byte. */
export interface Key {
  readonly partition: string
  readonly path: readonly string[]
}
export interface Entry {
  readonly key: Key
  readonly value: Json
  /** Never the same twice for one key, also after it was deleted and made again. */
  readonly revision: string
}
export type Condition = 'absent' | 'present' | { readonly revision: string }
export type Mutation = { readonly key: Key; readonly if?: Condition } & (
  | { readonly op: 'put'; readonly value: Json }
  | { readonly op: 'delete' }
  | { readonly op: 'check' }
)
