import type { Readable } from 'node:stream'
import type { DigestName, Digests } from '../digest/digests.js'
import type { JsonObject } from '../runtime/json.js'
import type { StagedBlob } from './staging.js'

/** An upload that comes in several requests, as its rows stood when it was read. */
export interface UploadSession {
  /** 128 random bits in hex: unguessable, and still good for its own caller alone. */
  readonly id: string
  /** So many bytes are durable, whatever happens to this process. */
  readonly offset: number
  /** Of the whole; undefined while the client has not said it. */
  readonly length?: number
  /** After that it is given up. Every append puts it off, up to a week from its beginning. */
  readonly expires: Date
  /** What the plugin noted when it began: its target, conditions, promised digests. */
  readonly note: JsonObject
  /** What became of it, once it was closed. */
  readonly outcome?: JsonObject
}

export interface AppendOptions {
  /** Taken while these bytes flow, beside sha256, for `judge`. */
  readonly digests?: readonly DigestName[]
  /** Looks at this request's bytes before any of them counts; what it throws drops them all. Without it whatever arrives is kept, also of a request
   *  that breaks off. */
  judge?(digests: Digests): void
}

/** Resumable uploads of one caller in one repository. Everything that decides is a row: any process of the house can go on with what another began. */
export interface UploadSessions {
  /** Bytes that one upload may have. */
  readonly limit: number
  /** Throws `too-large` above the limit, or with `detail.code` 'quota' where the organization has no room for that length; `throttled` while the caller has
   *  too many unfinished ones. `parts`: the uploads that it will be joined from, whose room is its own. */
  create(note: JsonObject, length?: number, parts?: readonly UploadSession[]): Promise<UploadSession>
  /** Throws `not-found` for what was never there, is over, or is somebody else's; with `detail.code` 'upload-expired' for what was given up. A request
   *  of the same upload that is under way in this process is ended first, and what it brought is kept. */
  get(id: string): Promise<UploadSession>
  /** Says how long the whole is; throws `invalid` with `detail.code` 'upload-length' where that contradicts what is known. */
  setLength(session: UploadSession, length: number): Promise<UploadSession>
  /** Adds bytes at `offset`, durable when it resolves; a large body becomes durable piece by piece. Throws `conflict` with `detail.code`
   *  'upload-offset' and `detail.offset` where the upload does not stand there: of two that append at once, one does. Throws `too-large`, and keeps
   *  nothing beyond, past the length, the limit or the quota; `invalid` where the body broke off. */
  append(session: UploadSession, offset: number, body: Readable, options?: AppendOptions): Promise<UploadSession>
  /** The bytes of these uploads, one behind the other, as one blob for a change set; as `stage` in all else. */
  join(sessions: readonly UploadSession[], expected?: Partial<Digests>): Promise<StagedBlob>
  /** It is over: `outcome` can be read until it expires, its bytes are dropped. */
  close(session: UploadSession, outcome: JsonObject): Promise<void>
  /** Leaves neither rows nor bytes. */
  discard(session: UploadSession): Promise<void>
}
