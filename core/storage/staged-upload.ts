import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inject, injectable } from 'tsyringe'
import { DigestService } from '../digest/digest-service.js'
import type { DigestName, Digests } from '../digest/digests.js'
import { requireDigests } from '../digest/promised-digests.js'
import { invalid, noSpace, RegistryError, tooLarge, unavailable } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { Hold } from '../usage/allowances.js'
import { smallBlob } from './blob-records.js'
import type { ByteRange } from './bytes.js'
import { type SealedBlob, SealedBlobs, type SealedForm, type SealedWriter } from './encryption/sealed-blobs.js'
import { CopyingWriter } from './known-content.js'
import { MetadataStore } from './metadata-store.js'
import { SettledWriter } from './settled-writer.js'
import type { StagedBlob } from './staging.js'
import { asJson, type IntentRow } from './storage-rows.js'
import type { StoredArtifact } from './stored-artifact.js'
import { tenantKeys } from './tenant-keys.js'

/** Free space is asked for again after so many bytes. */
const headroomStep = 64 * 1024 * 1024
const intentLife = 24 * 60 * 60_000
const intentRenewal = 15 * 60_000

export interface UploadPlace {
  readonly organizationId: string
  readonly repositoryId: string
  readonly actor: string
  /** Bytes of one file. */
  readonly limit: number
  readonly digests: readonly DigestName[]
  /** Of the whole body, where the client declared it. */
  readonly declared: number | undefined
  /** Room under the organization's quota, where it has one. */
  readonly hold?: Hold
}

/** Bytes on their way in: written as they will lie, under a key nobody else can own, and known to nobody until a commit names them. */
export class StagedUpload implements StagedBlob {
  private finished: Promise<SealedForm> | undefined
  private ended = false

  constructor(
    readonly uploadId: string,
    readonly organizationId: string,
    private readonly writer: SealedWriter,
    readonly size: number,
    readonly digests: Digests,
    readonly hold?: Hold,
  ) {}

  get blobId(): string {
    return this.writer.blobId
  }

  open(range?: ByteRange): Promise<Readable> {
    return this.writer.open(range)
  }

  async small(limit = smallBlob): Promise<Uint8Array | undefined> {
    if (this.size > Math.min(limit, smallBlob)) return undefined
    const chunks: Uint8Array[] = []
    for await (const chunk of await this.open()) chunks.push(chunk as Uint8Array)
    return Buffer.concat(chunks)
  }

  /** Durable under its own key, and still without a name. Whoever asks again gets the first answer: a failure is final. */
  finish(): Promise<SealedForm> {
    this.finished ??= this.writer.finish()
    return this.finished
  }

  /** The commit named the bytes: they are no longer ours to drop. */
  release(): void {
    this.ended = true
    this.hold?.shrink(0)
  }

  /** Leaves neither bytes nor intent. Where a commit may be under way that names the bytes, both need the intent, and one of them gets it. */
  async discard(metadata: MetadataStore): Promise<void> {
    if (this.ended) return
    this.ended = true
    this.hold?.shrink(0)
    const key = tenantKeys.intent(this.organizationId, this.uploadId)
    if (this.finished === undefined) {
      await this.writer.abort()
      await metadata.commit([{ op: 'delete', key }], randomHex())
      return
    }
    try {
      await metadata.commit([{ op: 'delete', key, if: 'present' }], randomHex())
    } catch (thrown) {
      if (thrown instanceof RegistryError && thrown.kind === 'conflict') return
      throw thrown
    }
    await this.writer.abort()
  }
}

/** A stream that may know how long it will be: the whole body of a request, where its length was declared. */
export interface MeasuredReadable extends Readable {
  readonly declaredLength?: number
}

/** Steps F2 to F6 of an upload (security guide 1.3). */
@injectable()
export class Uploads {
  private underWay = 0

  constructor(
    @inject(MetadataStore) private readonly metadata: MetadataStore,
    @inject(SealedBlobs) private readonly blobs: SealedBlobs,
    @inject(DigestService) private readonly digests: DigestService,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Uploads whose bytes are coming in now, in this process. */
  get running(): number {
    return this.underWay
  }

  async stage(upload: MeasuredReadable, place: UploadPlace, expected: Partial<Digests> = {}): Promise<StagedUpload> {
    this.underWay += 1
    try {
      return await this.take(upload, place, expected)
    } finally {
      this.underWay -= 1
    }
  }

  private async take(upload: MeasuredReadable, place: UploadPlace, expected: Partial<Digests>): Promise<StagedUpload> {
    const uploadId = randomHex()
    let writer: SealedWriter
    try {
      if ((upload.declaredLength ?? 0) > place.limit) throw overLimit(place.limit)
      await place.hold?.ensure(upload.declaredLength ?? 0)
      await this.requireHeadroom(upload.declaredLength ?? Math.min(place.declared ?? 0, place.limit))
      writer = await this.blobs.create(place.organizationId)
    } catch (thrown) {
      upload.destroy()
      place.hold?.shrink(0)
      throw thrown
    }
    const names = [...place.digests, ...(Object.keys(expected) as DigestName[])]
    const meter = this.digests.meter(names)
    // The intent becomes durable while the bytes flow; nothing gets a name before it is.
    const intent = this.putIntent(uploadId, writer.blobId, place, 'absent')
    // A store that takes no intent takes no commit: nobody has to send the rest.
    intent.catch((cause: Error) => writer.sink.destroy(cause))
    const transfer = pipeline(upload, this.budget(uploadId, writer.blobId, place), meter, writer.sink)
    const [stored, noted] = await Promise.allSettled([transfer, intent])
    const staged = new StagedUpload(
      uploadId,
      place.organizationId,
      writer,
      meter.size,
      stored.status === 'fulfilled' ? meter.digests() : { sha256: '' },
      place.hold,
    )
    place.hold?.shrink(meter.size)
    try {
      if (noted.status === 'rejected') throw noted.reason
      if (stored.status === 'rejected') throw brokenTransfer(stored.reason)
      requireDigests(expected, staged.digests)
      return staged
    } catch (thrown) {
      await staged.discard(this.metadata)
      throw thrown
    }
  }

  /** Durable before its commit, and light: of many that wait together none holds a descriptor or a buffer. Takes the place of what it was given. */
  async settle(staged: StagedUpload): Promise<StagedUpload> {
    const { uploadId, organizationId, size, digests } = staged
    try {
      const blob = { organizationId, blobId: staged.blobId, size, ...(await staged.finish()) }
      const settled = new StagedUpload(uploadId, organizationId, new SettledWriter(this.blobs, blob), size, digests)
      await settled.finish()
      staged.release()
      return settled
    } catch (thrown) {
      await staged.discard(this.metadata)
      throw thrown
    }
  }

  /** Durable bytes of this organization as one upload, without reading or writing any; undefined where the store cannot. `digests`: of the whole. Where it
   *  makes none the room of `place` is still held. */
  async compose(pieces: readonly SealedBlob[], digests: Digests, place: UploadPlace): Promise<StagedUpload | undefined> {
    const { organizationId, hold } = place
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0)
    if (size > place.limit) throw overLimit(place.limit)
    await hold?.ensure(size)
    const [uploadId, blobId] = [randomHex(), randomHex()]
    await this.putIntent(uploadId, blobId, place, 'absent')
    const forget = () => this.metadata.commit([{ op: 'delete', key: tenantKeys.intent(organizationId, uploadId) }], randomHex())
    const blob = await this.blobs.compose(organizationId, blobId, pieces).catch(async (thrown: unknown) => {
      await forget()
      throw thrown
    })
    if (blob === undefined) {
      await forget()
      return undefined
    }
    const staged = new StagedUpload(uploadId, organizationId, new SettledWriter(this.blobs, blob), size, digests, hold)
    await staged.finish()
    return staged
  }

  /** Bytes that lie in this organization already, for one more name. */
  known(content: StoredArtifact, place: UploadPlace): StagedUpload {
    const uploadId = randomHex()
    const begun = async (blobId: string) => {
      await this.requireHeadroom(content.size)
      await this.putIntent(uploadId, blobId, place, 'absent')
    }
    const writer = new CopyingWriter(this.blobs, place.organizationId, content, begun)
    return new StagedUpload(uploadId, place.organizationId, writer, content.size, content.digests)
  }

  private async requireHeadroom(size: number): Promise<void> {
    if (!(await this.blobs.headroom(size))) throw noSpace('There is not enough free space for this upload')
  }

  private putIntent(uploadId: string, blob: string, place: UploadPlace, condition: 'absent' | 'present'): Promise<void> {
    const at = this.clock.now().getTime()
    const intent: IntentRow = {
      v: 1,
      blob,
      repo: place.repositoryId,
      by: place.actor,
      node: String(process.pid),
      at,
      expires: at + intentLife,
    }
    const key = tenantKeys.intent(place.organizationId, uploadId)
    return this.metadata.commit([{ op: 'put', key, value: asJson(intent), if: condition }], randomHex())
  }

  /** Counts against the limit as the bytes come, asks for room on the way, and keeps the intent alive. */
  private budget(uploadId: string, blobId: string, place: UploadPlace): Transform {
    let size = 0
    let asked = 0
    let renewed = this.clock.monotonic()
    const step = async () => {
      if (size - asked >= headroomStep) {
        asked = size
        await this.requireHeadroom(0)
      }
      if (this.clock.monotonic() - renewed >= intentRenewal) {
        renewed = this.clock.monotonic()
        await this.putIntent(uploadId, blobId, place, 'present').catch((thrown: unknown) => {
          throw thrown instanceof RegistryError && thrown.kind === 'conflict' ? givenUp(thrown) : thrown
        })
      }
    }
    return new Transform({
      highWaterMark: 1024 * 1024,
      transform: (chunk: Buffer, _encoding, done) => {
        size += chunk.length
        if (size > place.limit) {
          done(overLimit(place.limit))
          return
        }
        const room = place.hold?.ensure(size)
        if (room === undefined && size - asked < headroomStep && this.clock.monotonic() - renewed < intentRenewal) {
          done(null, chunk)
          return
        }
        Promise.all([room, step()]).then(() => done(null, chunk), done)
      },
    })
  }
}

/** A change set takes what was staged here, nothing that merely looks like it. */
export function uploadOf(blob: StagedBlob): StagedUpload {
  if (blob instanceof StagedUpload) return blob
  throw new Error('a change set takes what its context staged')
}

/** Whoever collects what nobody finishes took the intent: the bytes may be gone. */
export function givenUp(cause: unknown): RegistryError {
  return unavailable('The upload took too long and was given up; send it again', 1, { cause })
}

function overLimit(limit: number): RegistryError {
  return tooLarge(`The file is larger than the limit of ${limit} bytes`, { detail: { limit } })
}

/** A client that went away is its own fault; a refusal of ours keeps its words; a broken store is ours. */
function brokenTransfer(reason: unknown): unknown {
  if (reason instanceof RegistryError) return reason
  const code = (reason as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR' || code === 'EPIPE')
    return invalid('The upload broke off before its end', { cause: reason })
  return reason
}
