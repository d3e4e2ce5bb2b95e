import { Readable } from 'node:stream'
import { notFound, unavailable } from '../../errors/registry-error.js'
import { damaged } from '../encryption/damage.js'
import type { S3Bucket, S3Opened } from './s3-bucket.js'

/** A body is asked for anew so many times; what flowed since counts it new. */
const mostResumes = 3
const forgiven = 8 * 1024 * 1024

/** The bytes of one object: goes on where a body broke off or stands still (security guide 1.5), at the same object or not at all. What is shorter than
 *  promised fails, and never ends. */
export class S3Body extends Readable {
  #source: Readable | undefined
  #resumes = 0
  #since = 0
  #opening = false
  #silent: NodeJS.Timeout | undefined

  private constructor(
    private readonly bucket: S3Bucket,
    private readonly key: string,
    private readonly etag: string | undefined,
    private at: number,
    private readonly end: number,
    first: Readable,
    private readonly release: () => void,
  ) {
    super({ highWaterMark: 256 * 1024 })
    this.#take(first)
  }

  /** Throws `not-found`, and `damaged` where the object is shorter than asked. */
  static async open(bucket: S3Bucket, key: string, range?: { readonly start: number; readonly end: number }): Promise<S3Body> {
    const release = await bucket.calls.body()
    try {
      const opened = await bucket.get(key, range)
      if (opened === undefined) throw notFound('blob', key)
      const start = range?.start ?? 0
      const end = range?.end ?? opened.length
      if (opened.length !== end - start) {
        opened.body.destroy()
        throw damaged('Stored content is shorter than recorded')
      }
      return new S3Body(bucket, key, opened.etag, start, end, opened.body, release)
    } catch (thrown) {
      release()
      throw thrown
    }
  }

  /** Bytes that are still to come. */
  get left(): number {
    return this.end - this.at
  }

  override _read(): void {
    if (this.#source !== undefined) {
      this.#watch()
      this.#source.resume()
    } else if (!this.#opening) this.#resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#silent)
    this.#source?.destroy()
    this.release()
    done(error)
  }

  #take(source: Readable): void {
    this.#source = source
    source.pause()
    source.on('data', (piece: Buffer) => {
      if (this.#source !== source) return
      if (piece.length > this.left) {
        this.destroy(damaged('Stored content is longer than recorded'))
        return
      }
      this.at += piece.length
      this.#since += piece.length
      if (this.push(piece)) this.#watch()
      else {
        clearTimeout(this.#silent)
        source.pause()
      }
    })
    source.on('end', () => this.#ended(source))
    source.on('error', () => this.#ended(source))
    source.on('close', () => this.#ended(source))
  }

  #ended(source: Readable): void {
    if (this.#source !== source) return
    this.#source = undefined
    clearTimeout(this.#silent)
    source.destroy()
    if (this.destroyed) return
    if (this.left === 0) {
      this.release()
      this.push(null)
      // While nobody wants bytes there is no hurry, and nothing to hold against the store.
    } else if (this.readableLength < this.readableHighWaterMark) this.#resume()
  }

  /** Only while somebody waits for bytes: a slow reader is no failure of the store. */
  #watch(): void {
    clearTimeout(this.#silent)
    this.#silent = setTimeout(() => this.#source?.destroy(), this.bucket.calls.pace.silence)
  }

  #resume(): void {
    if (this.#since >= forgiven) this.#resumes = 0
    this.#since = 0
    this.#resumes += 1
    if (this.#resumes > mostResumes) {
      this.destroy(unavailable('The blob breaks off again and again', 5))
      return
    }
    this.#opening = true
    this.bucket.get(this.key, { start: this.at, end: this.end }, this.etag).then(
      (opened) => this.#resumed(opened),
      (thrown: Error) => this.destroy(thrown),
    )
  }

  #resumed(opened: S3Opened | undefined): void {
    this.#opening = false
    if (opened === undefined) {
      this.destroy(damaged('Stored content is gone'))
      return
    }
    if (this.destroyed || opened.length !== this.left) {
      opened.body.destroy()
      this.destroy(damaged('Stored content is shorter than recorded'))
      return
    }
    this.#take(opened.body)
    this.#watch()
    this.#source?.resume()
  }
}
