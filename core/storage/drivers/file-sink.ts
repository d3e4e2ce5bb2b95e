import { write, writev } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { writeFailure } from './volume.js'

export interface FileSinkWatch {
  /** A write failed with an input/output error. */
  suspect?(cause: unknown): void
  /** Every byte once, in order, before it is written. */
  seen?(chunk: Buffer): void
}

/** Writes one after the other at the end of the file; leaves the handle to its owner. */
export class FileSink extends Writable {
  size = 0
  #writing = false
  #whenIdle: (() => void) | undefined

  constructor(
    private readonly handle: FileHandle,
    private readonly watch: FileSinkWatch,
  ) {
    super({ highWaterMark: 256 * 1024 })
  }

  /** No write is under way. Only after `destroy`, which lets none begin. */
  async idle(): Promise<void> {
    if (this.#writing) {
      await new Promise<void>((idle) => {
        this.#whenIdle = idle
      })
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.watch.seen?.(chunk)
    this.#append(chunk, done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const buffers = chunks.map(({ chunk }) => chunk)
    for (const chunk of buffers) this.watch.seen?.(chunk)
    const total = buffers.reduce((sum, { length }) => sum + length, 0)
    this.#writing = true
    writev(this.handle.fd, buffers, this.size, (error, count) => {
      this.#written()
      if (error !== null) return this.#failed(error, done)
      this.size += count
      if (count < total && !this.destroyed) return this.#append(Buffer.concat(buffers).subarray(count), done)
      return done()
    })
  }

  #append(chunk: Buffer, done: (error?: Error | null) => void): void {
    this.#writing = true
    write(this.handle.fd, chunk, 0, chunk.length, this.size, (error, count) => {
      this.#written()
      if (error !== null) return this.#failed(error, done)
      this.size += count
      if (count < chunk.length && !this.destroyed) return this.#append(chunk.subarray(count), done)
      return done()
    })
  }

  #written(): void {
    this.#writing = false
    this.#whenIdle?.()
  }

  #failed(error: NodeJS.ErrnoException, done: (error: Error) => void): void {
    if (error.code === 'EIO') this.watch.suspect?.(error)
    done(writeFailure(error))
  }
}
