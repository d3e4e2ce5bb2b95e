import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { invalid } from '#core'

/** How slowly a body may come; milliseconds, bytes a second. Time in which the house itself was not ready to read does not count. */
export interface BodyPace {
  readonly idle: number
  /** So long the rate is not looked at. */
  readonly grace: number
  readonly rate: number
  readonly total: number
}
/** Security guide 3.3. */
export const usualPace: BodyPace = { idle: 30_000, grace: 60_000, rate: 16 * 1024, total: 6 * 60 * 60 * 1000 }

/** The body of a request. The first read sends `100 Continue`. It fails with `invalid` when the client breaks off or is too slow; destroying it
 *  leaves the connection alone, so that an answer can still be sent. */
export class RequestBody extends Readable {
  /** Bytes that the client declared: whoever stages them can refuse too many before the first is asked for. */
  readonly declaredLength?: number
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #pace: BodyPace
  #begun = 0
  #received = 0
  #waited = 0
  #waitingSince: number | undefined
  #watch: NodeJS.Timeout | undefined

  constructor(req: IncomingMessage, res: ServerResponse, pace: BodyPace = usualPace) {
    super({ highWaterMark: 256 * 1024 })
    this.#req = req
    this.#res = res
    this.#pace = pace
    const declared = req.headers['content-length']
    if (declared !== undefined) this.declaredLength = Number(declared)
    // It may fail when nobody holds it any more.
    this.on('error', () => {})
  }

  get received(): number {
    return this.#received
  }

  override _read(): void {
    if (this.#begun === 0) this.#begin()
    else if (this.#waitingSince === undefined) {
      this.#waitingSince = performance.now()
      this.#req.resume()
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearInterval(this.#watch)
    const req = this.#req
    req.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onClose)
    if (!req.complete) req.pause()
    callback(error)
  }

  #begin(): void {
    const req = this.#req
    this.#begun = performance.now()
    this.#waitingSince = this.#begun
    if (req.readableEnded) {
      this.push(null)
      return
    }
    if (req.destroyed) {
      this.#onClose()
      return
    }
    if (req.headers.expect !== undefined && req.httpVersion === '1.1' && !this.#res.headersSent) this.#res.writeContinue()
    this.#watch = setInterval(this.#check, Math.min(5_000, this.#pace.idle / 4)).unref()
    req.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onClose)
  }

  readonly #onData = (chunk: Buffer): void => {
    const now = performance.now()
    this.#received += chunk.length
    this.#waited += now - (this.#waitingSince ?? now)
    this.#waitingSince = now
    if (!this.push(chunk)) {
      this.#waitingSince = undefined
      this.#req.pause()
    }
  }

  readonly #onEnd = (): void => {
    const declared = this.#req.headers['content-length']
    if (!this.#req.complete || (declared !== undefined && Number(declared) !== this.#received)) this.#breakOff()
    else {
      clearInterval(this.#watch)
      this.push(null)
    }
  }

  readonly #onClose = (): void => {
    if (!this.#req.complete) this.#breakOff()
  }

  #breakOff(): void {
    this.destroy(invalid('The upload broke off', { detail: { code: 'upload.aborted' } }))
  }

  readonly #check = (): void => {
    const now = performance.now()
    const waiting = this.#waitingSince === undefined ? 0 : now - this.#waitingSince
    const waited = this.#waited + waiting
    const slow = waited > this.#pace.grace && (this.#received * 1000) / waited < this.#pace.rate
    if (waiting > this.#pace.idle || slow || now - this.#begun > this.#pace.total)
      this.destroy(invalid('The upload came too slowly', { detail: { code: 'upload.slow' } }))
  }
}
