import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { randomHex } from '../../runtime/identifiers.js'
import { joinCrc32 } from './crc32-join.js'
import { FileReader } from './file-reader.js'
import { FileSink } from './file-sink.js'
import { errorCode, writeFailure } from './volume.js'

/** Checksums are kept of blocks of this size: a part is some of them, and none is read for its checksum. */
export const spoolBlock = 8 * 1024 * 1024

/** An upload on this machine's disk until it is put: so that whatever part of it can be sent again. Its file has no name, a crash leaves nothing. */
export class Spool {
  readonly sink: FileSink
  /** Of each block, the last one perhaps short. */
  readonly #blocks: number[] = []
  #filled = spoolBlock
  #readers = 0
  #closing = false

  private constructor(private readonly handle: FileHandle) {
    this.sink = new FileSink(handle, { seen: (chunk) => this.#sum(chunk) })
  }

  /** The folder is made where it is gone. Throws `no-space` and `unavailable`. */
  static async open(folder: string): Promise<Spool> {
    const path = join(folder, randomHex())
    try {
      const handle = await open(path, 'wx+', 0o600).catch(async (thrown: unknown) => {
        if (errorCode(thrown) !== 'ENOENT') throw thrown
        await mkdir(folder, { recursive: true, mode: 0o700 })
        return open(path, 'wx+', 0o600)
      })
      await unlink(path)
      return new Spool(handle)
    } catch (cause) {
      throw writeFailure(cause)
    }
  }

  get size(): number {
    return this.sink.size
  }

  /** May be asked for any number of times; whoever reads when it is closed may still read to the end. */
  read(start: number, end: number): FileReader {
    this.#readers += 1
    let open = true
    const close = async () => {
      if (open) this.#readers -= 1
      open = false
      if (this.#closing && this.#readers === 0) await this.handle.close()
    }
    return new FileReader({ fd: this.handle.fd, close }, start, end)
  }

  /** CRC-32 of whole blocks: `start` begins one, `end` ends one or all. */
  checksum(start: number, end: number): number {
    let sum = 0
    for (let at = start; at < end; at += spoolBlock)
      sum = joinCrc32(sum, this.#blocks[at / spoolBlock] ?? 0, Math.min(spoolBlock, end - at))
    return sum
  }

  /** The bytes are gone once nobody reads. */
  async close(): Promise<void> {
    this.sink.destroy()
    await this.sink.idle()
    this.#closing = true
    // Closing a handle twice is harmless.
    if (this.#readers === 0) await this.handle.close()
  }

  #sum(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#filled === spoolBlock) {
        this.#blocks.push(0)
        this.#filled = 0
      }
      const taken = chunk.subarray(at, at + spoolBlock - this.#filled)
      const last = this.#blocks.length - 1
      this.#blocks[last] = crc32(taken, this.#blocks[last])
      this.#filled += taken.length
      at += taken.length
    }
  }
}
