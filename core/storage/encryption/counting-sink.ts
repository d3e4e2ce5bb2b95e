import { finished, Writable } from 'node:stream'

/** Hands on what it is given, and finishes only when what lies behind has finished: a pipeline that ends here has everything written. */
export class CountingSink extends Writable {
  constructor(
    private readonly next: Writable,
    /** The far end of what `next` begins. */
    private readonly far: Writable,
    private readonly count: (bytes: number) => void = () => {},
  ) {
    super({ highWaterMark: 256 * 1024 })
    finished(far, { readable: false }, (error) => {
      if (error) this.destroy(error)
    })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.count(chunk.length)
    if (this.next.write(chunk)) done()
    else this.next.once('drain', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    finished(this.far, { readable: false }, (error) => done(error))
    this.next.end()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.next.writableFinished) this.next.destroy()
    if (!this.far.writableFinished) this.far.destroy()
    done(error)
  }
}
