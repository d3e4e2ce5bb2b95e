import type { Key, MetadataStore } from '../storage/metadata-store.js'

/** Rows of one kind (tenant-keys.ts): how many partitions they are spread over, and the largest of these. */
export interface KindCensus {
  readonly kind: string
  readonly rows: number
  readonly bytes: number
  readonly partitions: number
  readonly largest: { readonly name: string; readonly rows: number; readonly bytes: number }
}

const kinds: Readonly<Record<string, string>> = {
  f: 'files and folders',
  v: 'versions',
  p: 'documents of packages',
  n: 'lists of names',
  b: 'blobs',
  h: 'digests',
  i: 'uploads under way',
  s: 'places of uploads',
  x: 'batches',
  e: 'epochs',
  t: 'secrets',
  m: 'members',
  o: 'organizations',
  l: 'log',
  c: 'chain of the log',
  g: 'deletions',
  w: 'parts of deletions',
  q: 'usage',
  u: 'downloads',
}

/** How the rows of a store spread over its partitions, in one walk. A store gives the rows of a partition one after the other, so memory does not grow. */
export async function keyCensus(metadata: MetadataStore, onRow: () => void = () => {}): Promise<readonly KindCensus[]> {
  const census = new Map<string, { -readonly [Field in keyof KindCensus]: KindCensus[Field] }>()
  let run: { readonly partition: string; rows: number; bytes: number } | undefined
  const end = () => {
    if (run === undefined) return
    const { partition, rows, bytes } = run
    const kind = kindOf(partition)
    const name = partition.split('\0').join('/')
    const found = census.get(kind) ?? { kind, rows: 0, bytes: 0, partitions: 0, largest: { name, rows: 0, bytes: 0 } }
    found.rows += rows
    found.bytes += bytes
    found.partitions++
    if (bytes > found.largest.bytes) found.largest = { name, rows, bytes }
    census.set(kind, found)
  }
  for await (const { entry } of metadata.scan()) {
    onRow()
    if (run?.partition !== entry.key.partition) {
      end()
      run = { partition: entry.key.partition, rows: 0, bytes: 0 }
    }
    run.rows++
    run.bytes += bytesOf(entry.key, entry.value)
  }
  end()
  return [...census.values()].sort((one, other) => other.bytes - one.bytes)
}

function kindOf(partition: string): string {
  const [org, kind = ''] = partition.split('\0')
  return org === '.' ? 'the instance' : (kinds[kind] ?? kind)
}

function bytesOf({ partition, path }: Key, value: unknown): number {
  return (
    Buffer.byteLength(partition) +
    path.reduce((sum, part) => sum + Buffer.byteLength(part) + 1, 0) +
    Buffer.byteLength(JSON.stringify(value))
  )
}
