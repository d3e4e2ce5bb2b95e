import type { MetadataStore } from '../storage/metadata-store.js'
import type { StagedUpload } from '../storage/staged-upload.js'

/** What all contexts of one request share: the end of it, and what was staged in it. */
export class ContextSession {
  private readonly staged = new Set<StagedUpload>()
  private readonly ends = new Set<() => Promise<void>>()
  private open = true

  constructor(private readonly metadata: MetadataStore) {}

  /** A context that outlives its request is a bug: nobody checks its caller any more. */
  use(): void {
    if (!this.open) throw new Error('the context was used after its request had ended')
  }

  /** One that ends after its request is dropped at once: nobody else would. */
  async keep(upload: StagedUpload): Promise<StagedUpload> {
    if (!this.open) {
      await upload.discard(this.metadata)
      this.use()
    }
    this.staged.add(upload)
    return upload
  }

  /** What has to be taken back should the request end without it. */
  atEnd(takeBack: () => Promise<void>): void {
    this.ends.add(takeBack)
  }

  /** Drops what was staged and never named, and what was written ahead and never committed. */
  async close(): Promise<void> {
    this.open = false
    if (this.ends.size + this.staged.size === 0) return
    await Promise.all([...this.ends].map((takeBack) => takeBack()))
    await Promise.all([...this.staged].map((upload) => upload.discard(this.metadata)))
  }
}
