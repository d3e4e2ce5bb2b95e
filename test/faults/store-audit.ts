import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FsBlobStore } from '../../core/storage/drivers/fs-blob-store.js'
import { LmdbMetadataStore } from '../../core/storage/drivers/lmdb-metadata-store.js'
import type { BlobRow } from '../../core/storage/storage-rows.js'
import { blobKey } from '../../core/storage/tenant-keys.js'

/** What lies in a store, held against the invariants of security guide 1.11. */
export interface StoreAudit {
  /** References whose blob is missing, or is being deleted, or has no object of its size (I2). */
  readonly dangling: readonly string[]
  /** Objects without a row, parts, and what was set aside (I6). */
  readonly orphans: readonly string[]
  readonly intents: number
  /** Ids of events of files that were committed and not told, and that were told and not committed; and how many were told. */
  readonly untold: readonly string[]
  readonly inventedEvents: readonly string[]
  readonly told: number
  readonly storedBytes: number
  readonly referencedBytes: number
}

export async function audit(folder: string): Promise<StoreAudit> {
  const metadata = await LmdbMetadataStore.open({ folder: join(folder, 'metadata'), readOnly: true })
  const store = await FsBlobStore.open({ folder: join(folder, 'blobs') })
  try {
    const blobs = new Map<string, BlobRow>()
    const named = new Map<string, string>()
    let intents = 0
    const committed = new Set<string>()
    const told = new Set((await readFile(join(folder, 'told'), 'utf8')).split('\n').filter(Boolean))
    for await (const { entry } of metadata.scan()) {
      const [org = '', kind, id = ''] = entry.key.partition.split('\0')
      if (kind === 'i') intents++
      if (kind === 'l')
        for (const event of (entry.value as { events?: { id: string; kind: string }[] }).events ?? [])
          if (event.kind.startsWith('artifact.')) committed.add(event.id)
      if (kind !== 'b') continue
      const key = blobKey(org, id)
      if (entry.key.path[0] === 'blob') blobs.set(key, entry.value as unknown as BlobRow)
      if (entry.key.path[0] === 'ref') named.set(key, entry.key.path[1] ?? '')
    }
    const dangling: string[] = []
    let referencedBytes = 0
    for (const key of named.keys()) {
      const blob = blobs.get(key)
      const found = await store.stat(key)
      if (!blob || blob.state === 'deleting' || found?.size !== blob.stored) dangling.push(`${key} ${blob?.state ?? 'gone'}`)
      else referencedBytes += blob.stored
    }
    const orphans: string[] = []
    let storedBytes = 0
    for await (const key of store.list('')) {
      storedBytes += (await store.stat(key))?.size ?? 0
      if (!blobs.has(key)) orphans.push(key)
    }
    for await (const { kind, key, size } of store.strays('')) {
      storedBytes += size
      orphans.push(`${kind} ${key}`)
    }
    const untold = [...committed].filter((id) => !told.has(id))
    const inventedEvents = [...told].filter((id) => !committed.has(id))
    return { dangling, orphans, intents, untold, inventedEvents, told: told.size, storedBytes, referencedBytes }
  } finally {
    await metadata.close()
    await store.close()
  }
}
