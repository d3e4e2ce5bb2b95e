import { randomHex } from '../../core/runtime/identifiers.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import { encodeKey } from '../../core/storage/key-order.js'
import type { Entry, Key, MetadataStore } from '../../core/storage/metadata-store.js'
import { tenantKeys } from '../../core/storage/tenant-keys.js'
import maven from '../../plugins/maven/index.js'
import npm from '../../plugins/npm/index.js'
import pypi from '../../plugins/pypi/index.js'
import raw from '../../plugins/raw/index.js'
import { FixedClock } from './fixed-clock.js'
import { type House, openHouse } from './house.js'
import { PartitionTouches } from './partition-touches.js'
import { publishAll, type Upload, type UploadFormat, uploadShelves } from './uploaders.js'

export const uploadFormats = uploadShelves.map(({ format }) => format)
export const uploadClients = 64
/** Files, documents and names: what an upload may meet. Bytes and their rows belong to one upload alone. */
const met = new Set(['f', 'p', 'n'])

/** A house whose organization `acme` has so many packages besides, and a count of what uploads ask of its store. */
export class SpreadHouse {
  private constructor(
    readonly house: House,
    readonly touches: PartitionTouches,
  ) {}

  static async open(packages: number): Promise<SpreadHouse> {
    const touches = new PartitionTouches(new MemoryMetadataStore())
    const clock = new FixedClock()
    const house = await openHouse({
      plugins: [maven, npm, pypi, raw],
      repositories: [...uploadShelves],
      store: 'memory',
      parts: async () => ({ metadata: touches, clock }),
      idle: true,
    })
    await publishAll(house, manyOf(1, 'template'), 1)
    await seed(touches, packages)
    // Rows of the organization are kept from a second after its last change.
    clock.advance(2_000)
    await publishAll(house, manyOf(1, 'awake'), 1)
    return new SpreadHouse(house, touches)
  }

  /** What 64 clients ask that make these uploads: the share of the busiest partition, and transactions that met. */
  async measure(uploads: readonly Upload[]) {
    this.touches.begin()
    await publishAll(this.house, uploads, uploadClients)
    this.touches.end()
    const [first] = this.touches.partitions()
    const requests = this.touches.partitions().reduce((sum, { reads, writes }) => sum + reads + writes, 0)
    const conflicts = [...this.touches.conflicts.values()].reduce((sum, count) => sum + count, 0)
    return { requests, busiest: this.touches.busiest(), partition: kindOf(first?.partition ?? ''), conflicts }
  }

  close(): Promise<void> {
    return this.house.close()
  }
}

/** Of each format in turn so many packages, each under a name of its own. */
export function manyOf(
  each: number,
  prefix: string,
  formats: readonly UploadFormat[] = uploadFormats,
  version = '1.0.0',
): Upload[] {
  return Array.from({ length: each }, (_, at) => formats.map((format): Upload => [format, `${prefix}-${at}`, version])).flat()
}

/** Packages as those named `template-0` lie, without their bytes, put in order. */
async function seed(store: MetadataStore, packages: number): Promise<void> {
  const rows: Entry[] = []
  for await (const { entry } of store.scan()) {
    const [, kind = ''] = entry.key.partition.split('\0')
    if (met.has(kind) && JSON.stringify(entry.key).includes('template-0')) rows.push(entry)
  }
  const seeded: { key: Key; value: Entry['value']; order: string }[] = []
  for (let at = 0; at < packages / uploadFormats.length; at++) {
    const named = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('template-0', `seed-${at}`)) as T
    for (const row of rows) {
      const key = placed(named(row.key))
      seeded.push({ key, value: named(row.value), order: encodeKey(key).toString('latin1') })
    }
  }
  seeded.sort((one, two) => (one.order < two.order ? -1 : 1))
  for (let at = 0; at < seeded.length; at += 100)
    await store.commit(
      seeded.slice(at, at + 100).map(({ key, value }) => ({ op: 'put', key, value })),
      randomHex(),
    )
}

/** The shard of a name follows from the name. */
function placed(key: Key): Key {
  const [org = '', kind, repo = ''] = key.partition.split('\0')
  return kind === 'n' ? tenantKeys.name(org, repo, key.path[0] ?? '') : key
}

/** Ids say nothing: 'f {repo} org/demo'. */
function kindOf(partition: string): string {
  return partition
    .split('\0')
    .map((part) => (/^[a-z]_[a-z0-9]{20}$/.test(part) ? '{id}' : part))
    .join(' ')
}
