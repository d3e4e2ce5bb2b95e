import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RandomAccessReader } from 'yauzl'
import type { Bytes } from '../storage/bytes.js'

/** As sealed bytes are opened: no part of a chunk comes without all of it. */
const windowBytes = 256 * 1024
/** Where the directory is read, where members are, and the seams of both. */
const windowsKept = 4

/** yauzl over whatever can be read from any range. It asks four times for each member, mostly for a few bytes beside those before: they come from windows that
 *  are read once. Keeps what the source itself threw: that is no fault of the archive. */
export class WindowReader extends RandomAccessReader {
  failure: unknown
  private readonly windows = new Map<number, Promise<Buffer>>()

  constructor(private readonly content: Bytes) {
    super()
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const out = new PassThrough()
    const small = end - start <= windowBytes && end <= this.content.size
    const copy = async () =>
      small ? out.end(await this.small(start, end)) : pipeline(await this.content.open({ start, end }), out)
    copy().catch((failure) => {
      if ((failure as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') this.failure ??= failure
      out.destroy(failure)
    })
    return out
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (failure: Error | null) => void,
  ): void {
    if (length > windowBytes || position + length > this.content.size) {
      super.read(buffer, offset, length, position, callback)
      return
    }
    this.small(position, position + length).then(
      (bytes) => {
        bytes.copy(buffer, offset)
        callback(null)
      },
      (failure: Error) => {
        this.failure ??= failure
        callback(failure)
      },
    )
  }

  private async small(start: number, end: number): Promise<Buffer> {
    const first = Math.floor(start / windowBytes)
    const last = Math.max(first, Math.ceil(end / windowBytes) - 1)
    const one = await this.window(first)
    const from = start - first * windowBytes
    if (last === first) return one.subarray(from, from + end - start)
    const next = await this.window(last)
    return Buffer.concat([one.subarray(from), next.subarray(0, end - last * windowBytes)])
  }

  private window(index: number): Promise<Buffer> {
    const held = this.windows.get(index) ?? this.load(index)
    this.windows.delete(index)
    this.windows.set(index, held)
    if (this.windows.size > windowsKept) for (const oldest of this.windows.keys()) if (this.windows.delete(oldest)) break
    return held
  }

  private async load(index: number): Promise<Buffer> {
    const start = index * windowBytes
    const chunks: Buffer[] = []
    for await (const chunk of await this.content.open({ start, end: Math.min(start + windowBytes, this.content.size) }))
      chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }
}
