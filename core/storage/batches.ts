import { logMutation } from '../audit/log-row.js'
import { RegistryError, unavailable } from '../errors/registry-error.js'
import { isListened, outboxMutations } from '../events/outbox-rows.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { type BatchItemRow, type BatchRow, batchState } from './batch-rows.js'
import type { Entry, Key, MetadataStore, Mutation } from './metadata-store.js'
import { commitUnlessMoved } from './optimistic.js'
import { type ArtifactRow, asJson, type DocumentRow, type HeadRow, row, type SpentRow } from './storage-rows.js'
import { nameId, tenantKeys } from './tenant-keys.js'

/** Items of a batch that are rewritten beside each other. */
const lanes = 8
/** How often a head that waits for a batch is looked at before its caller is sent away, and in what milliseconds. */
const looks = 60
const lookAgain = 50

/** Somebody is about to change what a batch waits for: one that is over its time ends here, one that is at work goes first. */
export async function endForeign(metadata: MetadataStore, org: string, batch: string, now: Date): Promise<void> {
  const found = await batchState(metadata, org, batch)
  if (!found || found.row.state === 'done') return
  if (found.row.state === 'open' && found.row.expires > now.getTime())
    throw unavailable('Another change of this file is being written; try again', 1)
  if (await abandonBatch(metadata, org, batch)) await settleBatch(metadata, org, batch, now)
}

/** A package's head for somebody who is about to move it: a batch that waits there is written out, ended, or let through first. */
export async function standingHead(metadata: MetadataStore, org: string, key: Key, now: Date): Promise<Entry | undefined> {
  for (let look = 1; ; look++) {
    const entry = await metadata.get(key)
    const batch = entry && row<HeadRow>(entry.value).pending?.batch
    if (batch === undefined) return entry
    try {
      await endForeign(metadata, org, batch, now)
      await settleBatch(metadata, org, batch, now)
    } catch (thrown) {
      // Heads are the last that a batch writes: it is about to end.
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'unavailable' || look === looks) throw thrown
      await new Promise((resolve) => setTimeout(resolve, lookAgain))
    }
  }
}

/** From here on nothing of it will ever count. False where it was done already. */
export async function abandonBatch(metadata: MetadataStore, org: string, batch: string): Promise<boolean> {
  for (;;) {
    const found = await batchState(metadata, org, batch)
    if (found?.row.state !== 'open') return found?.row.state === 'abandoned'
    const value: BatchRow = { ...found.row, state: 'abandoned' }
    const given = {
      op: 'put' as const,
      key: tenantKeys.batch(org, batch),
      value: asJson(value),
      if: { revision: found.revision },
    }
    if (await commitUnlessMoved(metadata, [given])) return true
  }
}

/** Rewrites the rows of a batch that is over, done or abandoned, commit by commit; the log tells of what counts. May be killed at any instruction and
 *  run beside itself. The batch's own row stays: a reader may still have to ask for it. */
export async function settleBatch(
  metadata: MetadataStore,
  org: string,
  batch: string,
  now: Date,
  told: (events: readonly JsonObject[]) => void = () => {},
): Promise<void> {
  const found = await batchState(metadata, org, batch)
  if (!found || found.row.state === 'open') return
  const items: Entry[] = []
  for await (const entry of metadata.range(tenantKeys.batchItems(org, batch), { prefix: ['item'] })) items.push(entry)
  // Each is a commit of its own, and commits that wait together become durable together.
  const lane = async () => {
    for (let item = items.shift(); item !== undefined; item = items.shift()) {
      const rewritten = await settleItem(metadata, org, batch, found.row, item, now)
      if (rewritten && found.row.state === 'done') told(row<BatchItemRow>(item.value).events)
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}

/** False where somebody else did it. */
async function settleItem(
  metadata: MetadataStore,
  org: string,
  batch: string,
  ended: BatchRow,
  item: Entry,
  now: Date,
): Promise<boolean> {
  for (;;) {
    const still = await metadata.get(item.key)
    if (!still) return false
    if (await commitUnlessMoved(metadata, await settling(metadata, org, batch, ended, still, now))) return true
  }
}

/** Its own rows go, once nobody can still be asking for them. */
export async function forgetBatch(metadata: MetadataStore, org: string, batch: string): Promise<void> {
  await metadata.commit(
    [
      { op: 'delete', key: tenantKeys.batch(org, batch) },
      { op: 'delete', key: tenantKeys.batchEntry(org, batch) },
    ],
    randomHex(),
  )
}

async function settling(
  metadata: MetadataStore,
  org: string,
  batch: string,
  { state, repo, plugin, actor, request }: BatchRow,
  item: Entry,
  now: Date,
): Promise<readonly Mutation[]> {
  const done = state === 'done'
  const { paths, documents, events, usage, heads = [] } = row<BatchItemRow>(item.value)
  const mutations: Mutation[] = [{ op: 'delete', key: item.key, if: { revision: item.revision } }]
  for (const path of paths) {
    mutations.push(...(await artifactSettling(metadata, org, batch, repo, path, done)))
    mutations.push(...(await spentSettling(metadata, org, batch, repo, path, done)))
  }
  for (const [pkg, ...rest] of documents)
    mutations.push(...(await documentSettling(metadata, batch, tenantKeys.document(org, repo, plugin, pkg, rest), done)))
  for (const head of heads) mutations.push(...(await headSettling(metadata, org, batch, repo, plugin, head, done)))
  if (!done || (events.length === 0 && usage.files === 0 && usage.versions === 0)) return mutations
  const entry = { at: now, actor, action: `${plugin}.batch`, target: { kind: 'repository', id: repo }, request }
  const log = logMutation(org, { ...entry, events, usage: { repository: repo, ...usage } })
  return [...mutations, log, ...((await isListened(metadata)) ? outboxMutations(org, log, events) : [])]
}

async function artifactSettling(
  metadata: MetadataStore,
  org: string,
  batch: string,
  repo: string,
  path: string,
  done: boolean,
): Promise<readonly Mutation[]> {
  const key = tenantKeys.artifact(org, repo, path)
  const entry = await metadata.get(key)
  const stored = entry && row<ArtifactRow>(entry.value)
  if (!entry || stored?.pending?.batch !== batch) return []
  const { pending, ...before } = stored
  const next = done ? pending.row : before.seq === 0 ? undefined : before
  const { seq, blob } = pending.row
  const rewritten: Mutation = next
    ? { op: 'put', key, value: asJson(next), if: { revision: entry.revision } }
    : { op: 'delete', key, if: { revision: entry.revision } }
  if (done) return [rewritten]
  return [
    rewritten,
    { op: 'delete', key: tenantKeys.version(org, repo, path, seq) },
    { op: 'delete', key: tenantKeys.reference(org, blob, nameId(repo, path, seq)) },
  ]
}

async function spentSettling(
  metadata: MetadataStore,
  org: string,
  batch: string,
  repo: string,
  path: string,
  done: boolean,
): Promise<readonly Mutation[]> {
  const key = tenantKeys.spent(org, repo, path)
  const entry = await metadata.get(key)
  const stored = entry && row<SpentRow>(entry.value)
  if (!entry || stored?.batch !== batch) return []
  const { batch: _, ...counts } = stored
  const where = { revision: entry.revision }
  return [done ? { op: 'put', key, value: asJson(counts), if: where } : { op: 'delete', key, if: where }]
}

async function documentSettling(metadata: MetadataStore, batch: string, key: Key, done: boolean): Promise<readonly Mutation[]> {
  const entry = await metadata.get(key)
  const stored = entry && row<DocumentRow>(entry.value)
  if (!entry || stored?.pending?.batch !== batch) return []
  const { pending, ...before } = stored
  const { none, dv, d } = done ? pending : before
  const where = { revision: entry.revision }
  const value: DocumentRow = { v: 1, dv, d }
  return [none ? { op: 'delete', key, if: where } : { op: 'put', key, value: asJson(value), if: where }]
}

/** The name goes with its head: nobody else can have described the package before that was rewritten. */
async function headSettling(
  metadata: MetadataStore,
  org: string,
  batch: string,
  repo: string,
  plugin: string,
  { pkg, facts }: { readonly pkg: string; readonly facts?: JsonObject | null },
  done: boolean,
): Promise<readonly Mutation[]> {
  const key = tenantKeys.head(org, repo, plugin, pkg)
  const entry = await metadata.get(key)
  const stored = entry && row<HeadRow>(entry.value)
  if (!entry || stored?.pending?.batch !== batch) return []
  const { pending, ...before } = stored
  const next: HeadRow = done ? { v: 1, seq: pending.seq, at: pending.at, state: 'present' } : before
  const where = { revision: entry.revision }
  const head: Mutation = next.seq === 0 ? { op: 'delete', key, if: where } : { op: 'put', key, value: asJson(next), if: where }
  if (!done || facts === undefined) return [head]
  const name = tenantKeys.name(org, repo, pkg)
  if (facts !== null) return [head, { op: 'put', key: name, value: { v: 1, facts } }]
  return (await metadata.get(name)) ? [head, { op: 'delete', key: name }] : [head]
}
