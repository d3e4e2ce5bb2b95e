import { type FileHandle, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { invalid } from '../../errors/registry-error.js'
import { checkRange } from '../blob-key.js'
import type { BlobKey, BlobWriter } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'
import { FileReader, openFile } from './file-reader.js'
import { FileSink } from './file-sink.js'
import { errorCode, writeFailure } from './volume.js'

/** The three steps that make a blob durable, in this order, and what a failure of the first or last means for the volume. */
export interface DurableSteps {
  syncFile(handle: FileHandle): Promise<void>
  rename(from: string, to: string): Promise<void>
  syncFolder(folder: string): Promise<void>
  /** Throws `unavailable` where the volume has failed before. */
  checkVolume(): void
  suspect(cause: unknown): void
}

/** `{path}.part` until `finish` gives it its name. */
export class FsBlobWriter implements BlobWriter {
  readonly sink: FileSink
  readonly #part: string
  #state: 'writing' | 'finishing' | 'finished' | 'aborted' = 'writing'
  #aborting: Promise<void> | undefined

  constructor(
    private readonly key: BlobKey,
    private readonly path: string,
    private readonly handle: FileHandle,
    private readonly steps: DurableSteps,
  ) {
    this.#part = `${path}.part`
    this.sink = new FileSink(handle, { suspect: (cause) => steps.suspect(cause) })
  }

  async open(range?: ByteRange): Promise<Readable> {
    this.#checkWritten()
    const { start, end } = checkRange(range, this.sink.size)
    return new FileReader(await openFile(this.#state === 'finished' ? this.path : this.#part, this.key), start, end)
  }

  async finish(): Promise<void> {
    this.#checkWritten()
    if (this.#state !== 'writing') throw invalid('The blob was finished before')
    this.#state = 'finishing'
    try {
      this.steps.checkVolume()
      if ((await this.handle.stat()).size !== this.sink.size) throw new Error('The file has another size than was written')
      await this.#durable(() => this.steps.syncFile(this.handle))
      await this.handle.close()
      await this.#renamed()
      await this.#durable(() => this.steps.syncFolder(dirname(this.path)))
      this.#state = 'finished'
    } catch (cause) {
      await this.abort().catch((left: unknown) => {
        throw writeFailure(new AggregateError([cause, left], 'The blob was neither finished nor taken away'))
      })
      throw writeFailure(cause)
    }
  }

  abort(): Promise<void> {
    this.#aborting ??= this.#abort()
    return this.#aborting
  }

  async #abort(): Promise<void> {
    const named = this.#state === 'finishing' || this.#state === 'finished'
    this.#state = 'aborted'
    this.sink.destroy()
    await this.sink.idle()
    // Closing a handle twice is harmless.
    await this.handle.close()
    await rm(this.#part, { force: true })
    if (named) await rm(this.path, { force: true })
  }

  /** A volume that cannot write a name cannot be trusted with the next; any other failure is of this file alone. */
  async #renamed(): Promise<void> {
    try {
      await this.steps.rename(this.#part, this.path)
    } catch (cause) {
      if (errorCode(cause) === 'EIO') this.steps.suspect(cause)
      throw cause
    }
  }

  /** The kernel may report a lost page once and success from then on: after one failure no flush of this volume is believed. */
  async #durable(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (cause) {
      this.steps.suspect(cause)
      throw cause
    }
  }

  #checkWritten(): void {
    if (this.#state === 'aborted') throw invalid('The blob was aborted')
    if (!this.sink.writableFinished) throw invalid('The blob is still being written')
  }
}
