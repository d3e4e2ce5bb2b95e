import { Readable } from 'node:stream'
import { invalid, unavailable } from '../../errors/registry-error.js'
import { checkRange } from '../blob-key.js'
import type { BlobWriter } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'
import type { FileSink } from './file-sink.js'
import { type Spool, spoolBlock } from './s3-spool.js'
import type { ObjectPart, S3Uploads } from './s3-upload.js'

/** Up to here an upload is one call. */
const singlePart = 8 * 1024 * 1024
const mostPartsWanted = 9_500

/** What the store does for one of its writers. */
export interface WriterSteps {
  readonly uploads: S3Uploads
  /** The finished object. */
  open(range: ByteRange): Promise<Readable>
  delete(): Promise<void>
  /** Nobody writes this key any more. */
  release(): void
}

/** Spooled on this machine until `finish` puts it. */
export class S3BlobWriter implements BlobWriter {
  readonly sink: FileSink
  readonly since = new Date()
  #state: 'writing' | 'finishing' | 'finished' | 'aborted' | 'dropped' = 'writing'
  #aborting: Promise<void> | undefined
  #finishing: Promise<void> | undefined

  constructor(
    /** Whole, prefix included. */
    private readonly key: string,
    private readonly spool: Spool,
    private readonly steps: WriterSteps,
  ) {
    this.sink = spool.sink
  }

  get size(): number {
    return this.spool.size
  }

  async open(range?: ByteRange): Promise<Readable> {
    this.#checkWritten()
    const { start, end } = checkRange(range, this.spool.size)
    return this.#state === 'finished' ? this.steps.open({ start, end }) : this.spool.read(start, end)
  }

  async finish(): Promise<void> {
    this.#checkWritten()
    if (this.#state !== 'writing') throw invalid('The blob was finished before')
    this.#state = 'finishing'
    this.#finishing = this.#put()
    try {
      await this.#finishing
    } catch (thrown) {
      this.#state = 'aborted'
      throw thrown
    } finally {
      this.steps.release()
      await this.spool.close()
    }
  }

  async abort(): Promise<void> {
    this.#aborting ??= this.#abort()
    return this.#aborting
  }

  /** Somebody took the key away from a writer that seemed dead: it cannot finish any more. */
  async drop(): Promise<void> {
    if (this.#state !== 'writing') return
    this.#state = 'dropped'
    this.steps.release()
    await this.spool.close()
  }

  async #put(): Promise<void> {
    const { size } = this.spool
    await this.steps.uploads.put(this.key, partsOf(this.spool), this.spool.checksum(0, size))
    if (this.#state === 'finishing') this.#state = 'finished'
  }

  async #abort(): Promise<void> {
    // What is being put is put or fails first: only then is it known whether there is something to take away.
    const stored = await this.#finishing?.then(
      () => true,
      () => false,
    )
    this.#state = 'aborted'
    this.steps.release()
    await this.spool.close()
    if (stored) await this.steps.delete()
  }

  #checkWritten(): void {
    if (this.#state === 'aborted') throw invalid('The blob was aborted')
    if (this.#state === 'dropped') throw unavailable('The part was taken away')
    if (!this.sink.writableFinished) throw invalid('The blob is still being written')
  }
}

/** Security guide 1.3, F4: parts of 8 MiB, larger where there would be too many. */
function partsOf(spool: Spool): readonly ObjectPart[] {
  const { size } = spool
  const part = size <= singlePart ? singlePart : Math.ceil(size / mostPartsWanted / spoolBlock) * spoolBlock
  return Array.from({ length: Math.max(1, Math.ceil(size / part)) }, (_, at) => {
    const start = at * part
    const end = Math.min(size, start + part)
    return {
      size: end - start,
      load: async () => ({ crc32: spool.checksum(start, end), read: () => spool.read(start, end) }),
    }
  })
}
