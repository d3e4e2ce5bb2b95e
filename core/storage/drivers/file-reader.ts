import { constants, read } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { notFound, type RegistryError, unavailable } from '../../errors/registry-error.js'
import type { RecyclingReadable } from '../blob-store.js'
import { chunkBytes, headerBytes, tagBytes } from '../encryption/crb1-format.js'
import { damaged } from '../encryption/damage.js'
import { errorCode } from './volume.js'

/** Pieces end where chunks of a sealed blob do: each is opened in one go. */
const sealedBytes = chunkBytes + tagBytes
const pieceBytes = headerBytes + sealedBytes
/** Memory that came back. A new buffer for each piece makes the collector run over the whole heap every 64 MiB. */
const spare: ArrayBufferLike[] = []
const mostSpare = 32

/** For reading, never through a symbolic link. Throws `not-found`. */
export async function openFile(path: string, key: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (cause) {
    const code = errorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') throw notFound('blob', key)
    throw unavailable('The blob cannot be read', 5, { cause })
  }
}

/** Reads `start` up to `end` by large buffers, one ahead of the consumer; owns the handle. Fails where the file is shorter. */
export class FileReader extends Readable implements RecyclingReadable {
  #reading = false
  #whenRead: (() => void) | undefined

  constructor(
    private readonly handle: Pick<FileHandle, 'fd' | 'close'>,
    private at: number,
    private readonly end: number,
  ) {
    super({ highWaterMark: chunkBytes })
  }

  override _read(): void {
    if (this.at >= this.end) {
      this.push(null)
      return
    }
    const size = Math.min(seamBehind(this.at), this.end) - this.at
    const buffer = memoryFor(size)
    this.#reading = true
    read(this.handle.fd, buffer, 0, size, this.at, (error, count) => {
      this.#reading = false
      this.#whenRead?.()
      if (this.destroyed) return
      if (error !== null) this.destroy(unavailable('The blob cannot be read', 5, { cause: error }))
      else if (count === 0) this.destroy(shorter())
      else {
        this.at += count
        this.push(count === size ? buffer : buffer.subarray(0, count))
      }
    })
  }

  recycle(piece: Uint8Array): void {
    if (piece.buffer.byteLength === pieceBytes && spare.length < mostSpare) spare.push(piece.buffer)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const close = () => {
      this.handle.close().then(
        () => done(error),
        (cause: unknown) => done(error ?? (cause as Error)),
      )
    }
    // A number of a closed file may be given to another one while the read is under way.
    if (this.#reading) this.#whenRead = close
    else close()
  }
}

function seamBehind(at: number): number {
  const chunk = Math.max(0, Math.floor((at - headerBytes) / sealedBytes))
  return headerBytes + (chunk + 1) * sealedBytes
}

function memoryFor(size: number): Buffer {
  if (size < sealedBytes) return Buffer.allocUnsafe(size)
  return Buffer.from(spare.pop() ?? new ArrayBuffer(pieceBytes), 0, size)
}

function shorter(): RegistryError {
  return damaged('Stored content is shorter than recorded')
}
