import type { Chores } from './housekeeping/chores.js'
import type { CacheCounts } from './runtime/byte-cache.js'
import type { Clock } from './runtime/clock.js'
import type { JsonObject } from './runtime/json.js'
import type { MetadataStore, RangeQuery } from './storage/metadata-store.js'
import { numeral, shards, tenantKeys } from './storage/tenant-keys.js'

/** Of a queue so many rows are counted, no more: it is looked at whenever somebody scrapes. */
const countedAtMost = 10_000

/** A figure of the house, for whoever watches it; asked for when somebody looks. */
export interface HouseFigure {
  readonly name: string
  readonly help: string
  /** A counter only ever grows while the process lives. */
  readonly kind: 'gauge' | 'counter'
  readonly read: () => number | Promise<number>
  /** Of what all processes share it is the largest, of what each has by itself the sum. */
  readonly together: 'sum' | 'max'
}

interface Watched {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly chores: Chores
  readonly blobs: { readonly cached: CacheCounts; readonly damagedReads: number }
  readonly documents: { readonly cached: CacheCounts }
  readonly uploads: { readonly running: number }
}

/** Queues, stores, uploads and caches of one process, or of all where they share it. */
export function houseFigures({ metadata, clock, chores, blobs, documents, uploads }: Watched): readonly HouseFigure[] {
  const shared = (name: string, help: string, read: HouseFigure['read']): HouseFigure => ({
    name,
    help,
    kind: 'gauge',
    read,
    together: 'max',
  })
  const own = (name: string, help: string, read: () => number, kind: HouseFigure['kind'] = 'gauge'): HouseFigure => ({
    ...{ name, help, kind, read, together: 'sum' },
  })
  const swept = (field: string, what: string) =>
    shared(
      `swept_${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      `${what}, as the last sweep counted them`,
      () => sweepResult(chores, field),
    )
  const outbox = (state: 'new' | 'retry' | 'parked') =>
    count(metadata, (shard) => tenantKeys.outboxShard(shard), { prefix: [state] })
  const mails = (state: 'due' | 'parked') => count(metadata, (shard) => tenantKeys.mailShard(shard), { prefix: [state] })
  const cache = (name: string, what: string, counts: () => CacheCounts) => [
    own(`${name}_cache_hits_total`, `${what} that were at hand`, () => counts().hits, 'counter'),
    own(`${name}_cache_misses_total`, `${what} that had to be read or made`, () => counts().misses, 'counter'),
    own(`${name}_cache_bytes`, `${what} held in memory`, () => counts().bytes),
  ]
  const { measure } = metadata
  const store = (name: 'rows' | 'pages') =>
    shared(`metadata_${name}`, `Of the embedded store of metadata: ${name} in use`, () => measure?.call(metadata)[name] ?? 0)
  return [
    ...(measure === undefined ? [] : [store('rows'), store('pages')]),
    shared(
      'outbox_waiting_events',
      'Commits whose events are still to be told, 10,000 at most',
      async () => (await outbox('new')) + (await outbox('retry')),
    ),
    shared('outbox_parked_events', 'Commits whose events were given up, until an operator says so', () => outbox('parked')),
    shared('mails_waiting', 'Mails that still have to go out, 10,000 at most', () => mails('due')),
    shared('mails_parked', 'Mails that were given up, until an operator says so', () => mails('parked')),
    shared('reminders_due', 'Reminders and removals whose time has come, 10,000 at most', () => due(metadata, clock)),
    swept('blobs', 'Blobs stored'),
    swept('bytes', 'Bytes of blobs stored'),
    swept('waitingBlobs', 'Blobs that nothing names any more and that wait to be removed'),
    swept('waitingBytes', 'Bytes that nothing names any more and that wait to be removed'),
    swept('damaged', 'Blobs whose stored bytes are damaged'),
    own('uploads_running', 'Uploads whose bytes are coming in', () => uploads.running),
    own('damaged_reads_total', 'Reads that met damaged or missing bytes', () => blobs.damagedReads, 'counter'),
    ...cache('content', 'Small files', () => blobs.cached),
    ...cache('document', 'Rendered documents', () => documents.cached),
  ]
}

async function sweepResult(chores: Chores, field: string): Promise<number> {
  const result = (await chores.get('sweep')).last?.result ?? {}
  const value = result[field] ?? (result['done'] as JsonObject | undefined)?.[field] ?? 0
  return Number(value)
}

async function count(metadata: MetadataStore, partition: (shard: number) => string, query: RangeQuery): Promise<number> {
  let found = 0
  for (let shard = 0; shard < shards && found < countedAtMost; shard++)
    for await (const _ of metadata.range(partition(shard), { ...query, limit: countedAtMost - found })) found += 1
  return found
}

async function due(metadata: MetadataStore, clock: Clock): Promise<number> {
  const now = numeral(clock.now().getTime()).padStart(15, '0')
  let found = 0
  for (let shard = 0; shard < shards; shard++)
    for await (const { key } of metadata.range(tenantKeys.due(shard), { limit: countedAtMost })) {
      if ((key.path[0] ?? '') > now || found >= countedAtMost) break
      found += 1
    }
  return found
}
