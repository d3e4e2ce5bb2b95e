import type { Readable } from 'node:stream'
import { inject, injectable } from 'tsyringe'
import { DigestService } from '../digest/digest-service.js'
import type { Digests } from '../digest/digests.js'
import { conflict, invalid, notFound, RegistryError, tooLarge } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { Limits } from '../runtime/limits.js'
import { CarriedDigests } from './carried-digests.js'
import { SealedBlobs } from './encryption/sealed-blobs.js'
import { type Entry, MetadataStore, type Mutation } from './metadata-store.js'
import { isLostRace } from './optimistic.js'
import { PieceSource } from './piece-source.js'
import { type MeasuredReadable, type StagedUpload, type UploadPlace, Uploads } from './staged-upload.js'
import { asJson, row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'
import { UploadJoin } from './upload-join.js'
import { UploadPieces } from './upload-pieces.js'
import { roomBehind, type UploadRoom } from './upload-room.js'
import type { PieceRow, SessionRow } from './upload-rows.js'
import type { AppendOptions, UploadSession } from './upload-session.js'
import { UploadSlots } from './upload-slots.js'

const idleLife = 24 * 60 * 60_000
const wholeLife = 7 * idleLife
/** Pieces outlive their upload by a day, so that nothing is collected while it is being joined. */
const pieceLife = wholeLife + idleLife

/** Whose uploads, where. */
export interface SessionPlace extends UploadPlace {
  readonly plugin: string
  /** Room under the organization's quota, where it has one. */
  readonly room?: UploadRoom
}
interface Known {
  readonly entry: Entry
  readonly row: SessionRow
}

/** Uploads in several requests: a row each, and a row and a sealed object for each piece that became durable. A byte counts when its piece's commit has
 *  moved the offset; that commit holds the revision of the upload's row, so of two writers one wins, on any node. */
@injectable()
export class ResumableUploads {
  /** Requests that are appending in this process: a newer one of the same upload ends them. Others lose by the row. */
  private readonly running = new Map<string, { readonly body: Readable; readonly done: Promise<unknown> }>()
  private readonly slots: UploadSlots
  private readonly pieces: UploadPieces
  private readonly joins: UploadJoin
  private readonly carried: CarriedDigests

  constructor(
    @inject(MetadataStore) private readonly metadata: MetadataStore,
    @inject(SealedBlobs) blobs: SealedBlobs,
    @inject(Uploads) private readonly uploads: Uploads,
    @inject(Clock) private readonly clock: Clock,
    @inject(Limits) private readonly limits: Limits,
    @inject(DigestService) digests: DigestService,
  ) {
    this.slots = new UploadSlots(metadata, limits.openUploads)
    this.pieces = new UploadPieces(metadata, blobs)
    this.carried = new CarriedDigests(digests)
    this.joins = new UploadJoin(this.pieces, uploads, digests, limits.uploadPiece)
  }

  /** `parts`: it will be made of these, which hold its room already. */
  async create(
    place: SessionPlace,
    note: JsonObject,
    length: number | undefined,
    parts: readonly UploadSession[] = [],
  ): Promise<UploadSession> {
    if (length !== undefined && length > place.limit) throw overLimit(place.limit)
    const { organizationId: org } = place
    const id = randomHex()
    const at = this.clock.now().getTime()
    const key = tenantKeys.intent(org, id)
    const whole: Omit<SessionRow, 'slot'> = {
      ...{ v: 1, blob: id, repo: place.repositoryId, by: place.actor, node: String(process.pid), at, expires: at + idleLife },
      ...{ plugin: place.plugin, offset: 0, note, ...(length === undefined ? {} : { length }) },
    }
    if (length !== undefined && parts.length === 0) await place.room?.of(id, whole.expires, true).ensure(length)
    try {
      await this.slots.take(org, place.actor, id, async (slot, taking) => {
        await this.metadata.commit([taking, { op: 'put', key, value: asJson({ ...whole, slot }), if: 'absent' }], randomHex())
      })
    } catch (thrown) {
      await place.room?.release(id)
      throw thrown
    }
    return sessionOf(id, whole)
  }

  async get(place: SessionPlace, id: string): Promise<UploadSession> {
    await this.interrupt(id)
    return sessionOf(id, (await this.known(place, id)).row)
  }

  async setLength(place: SessionPlace, session: UploadSession, length: number): Promise<UploadSession> {
    const { entry, row: before } = await this.known(place, session.id)
    if (before.length === length) return sessionOf(session.id, before)
    if (before.length !== undefined || length < before.offset)
      throw invalid(`The length ${length} contradicts what is known of the upload`, { detail: { code: 'upload-length' } })
    if (length > place.limit) throw overLimit(place.limit)
    await place.room?.of(session.id, before.expires, true).ensure(length)
    const next: SessionRow = { ...before, length }
    await this.move(entry, [{ op: 'put', key: entry.key, value: asJson(next), if: { revision: entry.revision } }], before.offset)
    return sessionOf(session.id, next)
  }

  async append(
    place: SessionPlace,
    session: UploadSession,
    offset: number,
    body: MeasuredReadable,
    options: AppendOptions,
  ): Promise<UploadSession> {
    const { id } = session
    await this.interrupt(id)
    const work = this.appendAll(place, id, offset, body, options)
    const running = { body, done: work.catch(() => undefined) }
    this.running.set(id, running)
    try {
      return await work
    } finally {
      if (this.running.get(id) === running) this.running.delete(id)
    }
  }

  private async appendAll(
    place: SessionPlace,
    id: string,
    offset: number,
    body: MeasuredReadable,
    { judge, digests = [] }: AppendOptions,
  ): Promise<UploadSession> {
    let known = await this.known(place, id)
    if (known.row.outcome !== undefined || known.row.offset !== offset) throw elsewhere(known.row.offset)
    const end = known.row.length ?? place.limit
    const past = () => (known.row.length === undefined ? overLimit(place.limit) : overLength(end))
    if (offset + (body.declaredLength ?? 0) > end) throw past()
    const { length, at } = known.row
    const hold = place.room?.of(id, this.expiryOf(at), length !== undefined)
    await hold?.ensure(length ?? offset + (body.declaredLength ?? 0))
    const source = new PieceSource(body)
    let digest = this.carried.from(id, offset)
    while (await source.more()) {
      const room = end - known.row.offset
      if (room === 0) throw past()
      const size = judge === undefined ? Math.min(room, this.limits.uploadPiece) : room
      digest = digest?.copy()
      const staged = await this.uploads.stage(
        source.piece(size, (chunk) => digest?.update(chunk)),
        {
          ...place,
          ...(hold === undefined ? {} : { hold: roomBehind(hold, known.row.offset) }),
          limit: size,
          digests: [...place.digests, ...digests],
        },
      )
      try {
        if (judge !== undefined) {
          if (source.failure !== undefined) throw source.failure
          if (await source.more()) throw past()
          judge(staged.digests)
        }
        known = await this.keep(place, known, id, staged)
        this.carried.keep(id, known.row.offset, digest)
      } catch (thrown) {
        await staged.discard(this.metadata)
        throw thrown
      }
    }
    if (source.failure !== undefined) throw source.failure
    return sessionOf(id, known.row)
  }

  private expiryOf(begun: number): number {
    return Math.min(this.clock.now().getTime() + idleLife, begun + wholeLife)
  }

  /** Bytes first, then the one commit by which they count. */
  private async keep(place: SessionPlace, { entry, row: before }: Known, id: string, staged: StagedUpload): Promise<Known> {
    const { organizationId: org } = place
    const sealed = await staged.finish()
    const now = this.clock.now().getTime()
    const { blob, repo, by, node, at } = before
    const piece: PieceRow = {
      ...{ v: 1, blob: staged.blobId, repo, by, node, at: now, expires: at + pieceLife },
      ...{ offset: before.offset, size: staged.size, stored: sealed.storedSize, ...(sealed.key ? { key: sealed.key } : {}) },
    }
    const next: SessionRow = {
      ...before,
      blob,
      offset: before.offset + staged.size,
      expires: this.expiryOf(at),
    }
    await this.move(
      entry,
      [
        { op: 'put', key: entry.key, value: asJson(next), if: { revision: entry.revision } },
        { op: 'put', key: tenantKeys.uploadPiece(org, id, before.offset), value: asJson(piece), if: 'absent' },
        { op: 'delete', key: tenantKeys.intent(org, staged.uploadId), if: 'present' },
      ],
      before.offset,
    )
    staged.release()
    const moved = await this.known(place, id)
    if (moved.row.offset !== next.offset) throw elsewhere(moved.row.offset)
    return moved
  }

  /** A commit that moves an upload on; whoever was faster has moved it already. */
  private async move(entry: Entry, mutations: readonly Mutation[], offset: number): Promise<void> {
    try {
      await this.metadata.commit(mutations, randomHex())
    } catch (thrown) {
      if (!isLostRace(thrown)) throw thrown
      const now = await this.metadata.get(entry.key)
      throw elsewhere(now === undefined ? offset : row<SessionRow>(now.value).offset, thrown)
    }
  }

  /** The plain bytes of these uploads in order. */
  bytes(place: SessionPlace, sessions: readonly UploadSession[]): AsyncIterable<Buffer> {
    return this.pieces.read(place.organizationId, sessions)
  }

  join(place: SessionPlace, sessions: readonly UploadSession[], expected: Partial<Digests> = {}): Promise<StagedUpload> {
    const [only] = sessions
    const sha256 = only && sessions.length === 1 ? this.carried.from(only.id, only.offset)?.hex() : undefined
    return this.joins.join(place, sessions, expected, sha256)
  }

  async close(place: SessionPlace, session: UploadSession, outcome: JsonObject): Promise<void> {
    const { entry, row: before } = await this.known(place, session.id)
    const { slot, ...rest } = before
    const next: SessionRow = { ...rest, outcome }
    const put: Mutation = { op: 'put', key: entry.key, value: asJson(next), if: { revision: entry.revision } }
    await this.move(entry, [put, ...this.slots.giveBack(place.organizationId, before.by, slot)], before.offset)
    this.carried.forget(session.id)
    await this.pieces.drop(place.organizationId, session.id)
    await place.room?.release(session.id)
  }

  async discard(place: SessionPlace, session: UploadSession): Promise<void> {
    await this.interrupt(session.id)
    const { entry, row: before } = await this.known(place, session.id)
    await this.drop(place.organizationId, session.id, entry, before)
    await place.room?.release(session.id)
  }

  /** For the chore: everything of one organization that was given up, and pieces whose upload is gone. Answers the number of rows that led to it. */
  async dropExpired(organizationId: string, dryRun = false): Promise<number> {
    const now = this.clock.now().getTime()
    let dropped = 0
    for (const partition of tenantKeys.intentShards(organizationId)) {
      for (const entry of await this.givenUp(partition, now)) {
        dropped += 1
        if (dryRun) continue
        const [id = '', piece] = entry.key.path
        if (piece === undefined) await this.drop(organizationId, id, entry, row<SessionRow>(entry.value))
        else await this.pieces.drop(organizationId, id)
      }
    }
    return dropped
  }

  private async givenUp(partition: string, now: number): Promise<readonly Entry[]> {
    const found: Entry[] = []
    let alive = ''
    let orphan = ''
    for await (const entry of this.metadata.range(partition, {})) {
      const [id = '', piece] = entry.key.path
      if (piece === undefined) {
        if (!isSession(entry)) continue
        alive = id
        if (row<SessionRow>(entry.value).expires <= now) found.push(entry)
      } else if (id !== alive && id !== orphan) {
        // An upload stands before its pieces.
        orphan = id
        found.push(entry)
      }
    }
    return found
  }

  private async drop(org: string, id: string, entry: Entry, before: SessionRow): Promise<void> {
    this.carried.forget(id)
    const gone: Mutation = { op: 'delete', key: entry.key, if: { revision: entry.revision } }
    await this.move(entry, [gone, ...this.slots.giveBack(org, before.by, before.slot)], before.offset)
    await this.pieces.drop(org, id)
  }

  private async known(place: SessionPlace, id: string): Promise<Known> {
    const entry = /^[0-9a-f]{32}$/.test(id) ? await this.metadata.get(tenantKeys.intent(place.organizationId, id)) : undefined
    const found = entry !== undefined && isSession(entry) ? row<SessionRow>(entry.value) : undefined
    if (entry === undefined || found?.repo !== place.repositoryId || found.plugin !== place.plugin || found.by !== place.actor)
      throw notFound('Upload', id)
    if (found.expires <= this.clock.now().getTime()) throw notFound('Upload', id, { detail: { code: 'upload-expired' } })
    return { entry, row: found }
  }

  /** A client that comes back has given up its earlier request, of which this end may not have heard. */
  private async interrupt(id: string): Promise<void> {
    const running = this.running.get(id)
    if (running === undefined) return
    running.body.destroy(conflict('A newer request goes on with this upload', { detail: { code: 'upload.superseded' } }))
    await running.done
  }
}

function isSession({ value }: Entry): boolean {
  return typeof value === 'object' && value !== null && 'note' in value
}

function sessionOf(id: string, { offset, length, expires, note, outcome }: Omit<SessionRow, 'slot'>): UploadSession {
  return {
    ...{ id, offset, expires: new Date(expires), note },
    ...(length === undefined ? {} : { length }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

function elsewhere(offset: number, cause?: unknown): RegistryError {
  return conflict(`The upload stands at ${offset}`, { detail: { code: 'upload-offset', offset }, cause })
}
function overLimit(limit: number): RegistryError {
  return tooLarge(`The upload is larger than the limit of ${limit} bytes`, { detail: { limit } })
}
function overLength(length: number): RegistryError {
  return tooLarge(`The upload would be longer than the ${length} bytes it announced`, {
    detail: { code: 'upload-length', length },
  })
}
