import { type DocumentKey, type JsonObject, json, notFound, type Reply, type RepositoryContext } from '#core'

/** All of a repository's bundles; no folder's path begins with a slash. */
export const bundleList = '/bundles'
/** So long a bundle's outcome can be asked for. */
export const recordLife = 30 * 24 * 60 * 60_000

/** What became of a bundle. One that waits to be published lies as an unfinished upload of whoever sent it. */
export interface BundleRecord {
  readonly name: string
  readonly state: 'VALIDATED' | 'PUBLISHED' | 'FAILED'
  readonly at: number
  readonly purls: readonly string[]
  readonly errors: Readonly<Record<string, readonly string[]>>
  readonly upload?: string
  /** When that is given up, in milliseconds. */
  readonly expires?: number
}

export const bundleKey = (id: string): DocumentKey => [bundleList, id]

/** Throws `not-found`; one that waited too long has failed. */
export async function bundleRecord(id: string, { documents }: RepositoryContext, now: Date): Promise<BundleRecord> {
  const found = /^[0-9a-f-]{36}$/.test(id) ? await documents.find(bundleKey(id)) : undefined
  if (found === undefined) throw notFound('deployment', id)
  const record = found.value as unknown as BundleRecord
  if (record.expires === undefined || now.getTime() < record.expires) return record
  return { ...record, state: 'FAILED', errors: { bundle: ['It was not published in time, and was given up'] } }
}

export function asDocument(record: BundleRecord): JsonObject {
  return record as unknown as JsonObject
}

export function statusReply(id: string, { name, state, purls, errors }: BundleRecord): Reply {
  const status = { deploymentId: id, deploymentName: name, deploymentState: state, purls: [...purls], errors }
  return json(200, status as unknown as JsonObject, { 'cache-control': 'no-store' })
}
