import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DigestService } from '../digest/digest-service.js'
import type { DigestName, Digests } from '../digest/digests.js'
import { requireDigests } from '../digest/promised-digests.js'
import type { SealedBlob } from './encryption/sealed-blobs.js'
import type { StagedUpload, UploadPlace, Uploads } from './staged-upload.js'
import type { UploadPieces } from './upload-pieces.js'
import type { UploadSession } from './upload-session.js'

/** A row names each piece of a composed blob, and a reader opens each: so many at most, and none where they are so small that copying costs little. */
const mostPieces = 1_000
const smallestShare = 16

/** Makes one blob of what arrived in several requests. */
export class UploadJoin {
  constructor(
    private readonly pieces: UploadPieces,
    private readonly uploads: Uploads,
    private readonly digests: DigestService,
    /** Bytes of a full piece. */
    private readonly pieceSize: number,
  ) {}

  /** `sha256` of the whole, where it was taken while the bytes came in. Where it was not, or more digests are asked for, the pieces are read once; they are
   *  written anew only where they are small or many, or the store cannot compose. */
  async join(
    place: UploadPlace,
    sessions: readonly UploadSession[],
    expected: Partial<Digests>,
    sha256: string | undefined,
  ): Promise<StagedUpload> {
    try {
      return (await this.compose(place, sessions, expected, sha256)) ?? (await this.copy(place, sessions, expected))
    } catch (thrown) {
      place.hold?.shrink(0)
      throw thrown
    }
  }

  private async compose(
    place: UploadPlace,
    sessions: readonly UploadSession[],
    expected: Partial<Digests>,
    sha256: string | undefined,
  ): Promise<StagedUpload | undefined> {
    const pieces: SealedBlob[] = []
    for await (const piece of this.pieces.of(place.organizationId, sessions)) pieces.push(piece)
    if (!this.worthComposing(pieces.length, sizeOf(sessions))) return undefined
    const names = [...place.digests, ...(Object.keys(expected) as DigestName[])].filter((name) => name !== 'sha256')
    const known = sha256 !== undefined && names.length === 0
    const digests = known ? { sha256 } : await this.hash(place.organizationId, sessions, names)
    requireDigests(expected, digests)
    return this.uploads.compose(pieces, digests, place)
  }

  private copy(place: UploadPlace, sessions: readonly UploadSession[], expected: Partial<Digests>): Promise<StagedUpload> {
    const bytes = this.bytes(place.organizationId, sessions)
    return this.uploads.stage(Object.assign(bytes, { declaredLength: sizeOf(sessions) }), place, expected)
  }

  private worthComposing(count: number, size: number): boolean {
    return count > 0 && count <= mostPieces && size >= (count * this.pieceSize) / smallestShare
  }

  private async hash(organizationId: string, sessions: readonly UploadSession[], names: readonly DigestName[]): Promise<Digests> {
    const meter = this.digests.meter(names)
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    await pipeline(this.bytes(organizationId, sessions), meter, nowhere)
    return meter.digests()
  }

  private bytes(organizationId: string, sessions: readonly UploadSession[]): Readable {
    return Readable.from(this.pieces.read(organizationId, sessions), { objectMode: false })
  }
}

function sizeOf(sessions: readonly UploadSession[]): number {
  return sessions.reduce((sum, { offset }) => sum + offset, 0)
}
