import { Readable } from 'node:stream'
import type { Stage, StagedBlob } from '../storage/staging.js'

const readAhead = 256 * 1024

/** Bytes that somebody pushes into a staging area, at the pace of that area; its failure is the pusher's. */
export class BlobFeed {
  readonly #stream: Readable
  readonly #staged: Promise<StagedBlob>
  #settled = false
  #wake: (() => void) | undefined

  constructor(stage: Stage) {
    this.#stream = new Readable({ highWaterMark: readAhead, read: () => this.#resume() })
    // Its failure arrives through the staging area's own promise.
    this.#stream.on('error', () => undefined)
    this.#staged = stage(this.#stream)
    const settle = () => {
      this.#settled = true
      this.#resume()
    }
    this.#staged.then(settle, settle)
  }

  /** Waits where the staging area is behind; throws what made it fail. */
  async push(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    if (!this.#settled && !this.#stream.push(bytes)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#settled) await this.#staged
  }

  async end(): Promise<StagedBlob> {
    if (!this.#settled) this.#stream.push(null)
    return await this.#staged
  }

  /** Nothing of it is kept: waits until the staging area has let go. */
  async abort(reason: Error): Promise<void> {
    this.#stream.destroy(reason)
    await this.#staged.catch(() => undefined)
  }

  #resume(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
