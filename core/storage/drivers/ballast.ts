import { rmSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, freeBytes } from './volume.js'

const abandonedAfter = 600_000

/** A file that does nothing but take room: removed when the volume is full, so that what must still be written can be (security guide 1.8). */
export class Ballast {
  readonly #path: string

  constructor(
    private readonly folder: string,
    private readonly bytes: number,
  ) {
    this.#path = join(folder, 'ballast')
  }

  async isThere(): Promise<boolean> {
    return this.bytes === 0 || (await sizeOf(this.#path)) >= this.bytes
  }

  /** Room to lay it again, and as much besides. */
  async hasRoom(): Promise<boolean> {
    return (await freeBytes(this.folder)) >= 2 * this.bytes
  }

  /** Writes it where it is absent and there is room; several processes may try at once. A signal leaves it for the next start. */
  async lay(signal: AbortSignal): Promise<void> {
    if ((await this.isThere()) || !(await this.hasRoom())) return
    const part = `${this.#path}.part`
    const begun = await stat(part).catch(() => undefined)
    if (begun !== undefined && Date.now() - begun.mtimeMs > abandonedAfter) await rm(part, { force: true })
    const handle = await open(part, 'wx', 0o600).catch((thrown: unknown) => {
      if (errorCode(thrown) === 'EEXIST') return undefined
      throw thrown
    })
    if (handle === undefined) return
    try {
      const zeros = Buffer.alloc(1024 * 1024)
      for (let written = 0; written < this.bytes && !signal.aborted; ) {
        written += (await handle.write(zeros, 0, Math.min(zeros.length, this.bytes - written))).bytesWritten
      }
    } finally {
      await handle.close()
      if (signal.aborted || (await sizeOf(part)) < this.bytes) await rm(part, { force: true })
    }
    if (!signal.aborted) await rename(part, this.#path)
  }

  /** At once: the process may not live long. */
  remove(): void {
    rmSync(this.#path, { force: true })
    rmSync(`${this.#path}.part`, { force: true })
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((thrown: unknown) => {
    if (errorCode(thrown) === 'ENOENT') return undefined
    throw thrown
  })
  return found?.size ?? 0
}
