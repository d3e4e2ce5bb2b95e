import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type BlobStore, RegistryError, several } from '#core/host'
import { blobPlace, type CopiedRow, type CopyJournal } from './copy-journal.js'
import { patiently, usualPatience } from './patience.js'
import { SeenSet } from './seen-set.js'

const blobsAtOnce = 12

export interface BlobPass {
  blobs: number
  copied: number
  bytes: number
}

/** Copies sealed blobs as they lie, none opened, and reads each back from the target. */
export class BlobCopy {
  constructor(
    private readonly source: BlobStore,
    private readonly target: BlobStore,
    private readonly journal: CopyJournal,
    private readonly onBlob: () => void = () => {},
    private readonly patience = usualPatience,
  ) {}

  /** What a killed move was writing: nobody else writes there. */
  async dropParts(): Promise<void> {
    for await (const stray of this.target.strays('')) if (stray.kind === 'part') await this.target.dropStray(stray)
  }

  /** Every blob of the source that is not in the target, copied, read back and compared; what is gone from the source goes from the target. */
  async pass(): Promise<BlobPass> {
    const pass: BlobPass = { blobs: 0, copied: 0, bytes: 0 }
    const seen = new SeenSet()
    await several(this.source.list(''), blobsAtOnce, async (key) => {
      pass.blobs++
      const known = await this.journal.find('blobs', blobPlace(key))
      if (known !== undefined) seen.add(known.index)
      if (known?.verified !== true) {
        const size = await patiently(() => this.#bring(key, known), this.patience)
        if (size === undefined) return
        pass.copied++
        pass.bytes += size
      }
      this.onBlob()
    })
    for await (const { key, index } of this.journal.all('blobs')) {
      const [blob = ''] = key.path
      if (seen.has(index) || (await this.source.stat(blob)) !== undefined) continue
      await this.target.delete(blob)
      await this.journal.write('blobs', [], [key])
    }
    return pass
  }

  /** The two lists against each other: how many stand in one alone. Each was compared byte by byte when it was copied. */
  async verify(): Promise<{ readonly blobs: number; readonly different: number }> {
    const seen = new SeenSet()
    let [blobs, different] = [0, 0]
    for await (const key of this.target.list('')) {
      const known = await this.journal.find('blobs', blobPlace(key))
      if (known?.verified === true) {
        seen.add(known.index)
        blobs++
      } else if ((await this.source.stat(key)) === undefined) {
        await this.target.delete(key)
        different++
      } else different++
    }
    for await (const { key, index } of this.journal.all('blobs')) {
      if (seen.has(index)) continue
      different++
      await this.journal.write('blobs', [], [key])
    }
    return { blobs, different }
  }

  /** Bytes of it; undefined where it went from the source meanwhile. */
  async #bring(key: string, known: CopiedRow | undefined): Promise<number | undefined> {
    const read = await this.#copy(key)
    if (read === undefined) return undefined
    const place = blobPlace(key)
    const row = { key: place, digest: read.digest, size: read.size, index: known?.index }
    const back = new Sum()
    for await (const chunk of await this.target.open(key)) back.add(chunk as Uint8Array)
    if (back.size !== read.size || back.digest() !== read.digest) {
      // It is not left there for the next to believe.
      await this.target.delete(key)
      throw new Error(`The blob ${key} reads otherwise in the target than it was written; move again`)
    }
    await this.journal.write('blobs', [{ ...row, verified: true }])
    return read.size
  }

  /** What the source has: put into the target where it is not there yet. */
  async #copy(key: string): Promise<{ readonly size: number; readonly digest: string } | undefined> {
    const sum = new Sum()
    try {
      const body = await this.source.open(key)
      if ((await this.target.stat(key)) !== undefined) {
        for await (const chunk of body) sum.add(chunk as Uint8Array)
        return { size: sum.size, digest: sum.digest() }
      }
      const writer = await this.target.create(key).catch((error: unknown) => {
        body.destroy()
        throw error
      })
      try {
        await pipeline(body, metered(sum), writer.sink)
        await writer.finish()
      } catch (error) {
        await writer.abort()
        throw error
      }
    } catch (error) {
      if (error instanceof RegistryError && error.kind === 'not-found' && (await this.source.stat(key)) === undefined)
        return undefined
      throw error
    }
    return { size: sum.size, digest: sum.digest() }
  }
}

class Sum {
  readonly #hash = createHash('sha256')
  size = 0

  add(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.size += chunk.length
  }
  digest(): string {
    return this.#hash.digest('hex')
  }
}

function metered(sum: Sum): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback) {
      sum.add(chunk)
      done(null, chunk)
    },
  })
}
