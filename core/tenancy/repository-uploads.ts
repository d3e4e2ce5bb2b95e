import type { Readable } from 'node:stream'
import type { Digests } from '../digest/digests.js'
import type { JsonObject } from '../runtime/json.js'
import type { ResumableUploads, SessionPlace } from '../storage/resumable-uploads.js'
import type { StagedUpload, UploadPlace } from '../storage/staged-upload.js'
import type { AppendOptions, UploadSession, UploadSessions } from '../storage/upload-session.js'

/** Resumable uploads cut to one caller in one repository. */
export class RepositoryUploads implements UploadSessions {
  constructor(
    private readonly uploads: ResumableUploads,
    private readonly place: SessionPlace,
    /** Throws where the context is over, or may not write. */
    private readonly use: () => void,
    /** Whatever is staged meets the quota, less the room that these uploads hold, and goes with the context, unless it was committed. */
    private readonly staging: (
      stage: (place: Pick<UploadPlace, 'hold'>) => Promise<StagedUpload>,
      uploads: readonly string[],
    ) => Promise<StagedUpload>,
  ) {}

  get limit(): number {
    return this.place.limit
  }
  async create(note: JsonObject, length?: number, parts?: readonly UploadSession[]): Promise<UploadSession> {
    this.use()
    return this.uploads.create(this.place, note, length, parts)
  }
  async get(id: string): Promise<UploadSession> {
    this.use()
    return this.uploads.get(this.place, id)
  }
  async setLength(session: UploadSession, length: number): Promise<UploadSession> {
    this.use()
    return this.uploads.setLength(this.place, session, length)
  }
  async append(session: UploadSession, offset: number, body: Readable, options: AppendOptions = {}): Promise<UploadSession> {
    this.use()
    return this.uploads.append(this.place, session, offset, body, options)
  }
  async join(sessions: readonly UploadSession[], expected: Partial<Digests> = {}): Promise<StagedUpload> {
    this.use()
    const ids = sessions.map(({ id }) => id)
    return this.staging((held) => this.uploads.join({ ...this.place, ...held }, sessions, expected), ids)
  }
  async close(session: UploadSession, outcome: JsonObject): Promise<void> {
    this.use()
    return this.uploads.close(this.place, session, outcome)
  }
  async discard(session: UploadSession): Promise<void> {
    this.use()
    return this.uploads.discard(this.place, session)
  }
}
