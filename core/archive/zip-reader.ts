import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl'
import { invalid, RegistryError, tooLarge } from '../errors/registry-error.js'
import type { Bytes } from '../storage/bytes.js'

/** Bytes of one member that is read whole, and members that are looked through for it. */
export interface ZipReadLimits {
  readonly entry: number
  readonly entries: number
}
/** Security guide 3.6. */
export const zipReadLimits: ZipReadLimits = { entry: 1024 ** 2, entries: 65_535 }

/** Members whose name `pick` takes, read whole, by name; the rest of the archive stays unread. The central directory alone is believed: whoever
 *  needs the archive to read the same both ways walks it first (zip-structure.ts). Throws `invalid`, and `too-large` above a limit. */
export async function readZipEntries(
  content: Bytes,
  pick: (name: string) => boolean,
  limits: Partial<ZipReadLimits> = {},
): Promise<ReadonlyMap<string, Uint8Array>> {
  const bounds = { ...zipReadLimits, ...limits }
  const reader = new BytesReader(content)
  const found = new Map<string, Uint8Array>()
  let archive: ZipFile | undefined
  try {
    // names are judged by who asks for them; here they are only compared
    archive = await fromRandomAccessReaderPromise(reader, content.size, {
      autoClose: false,
      lazyEntries: true,
      strictFileNames: true,
    })
    if (archive.entryCount > bounds.entries) throw tooLarge(`The archive has more than ${bounds.entries} members`)
    for await (const entry of archive.eachEntry())
      if (pick(entry.fileName)) found.set(entry.fileName, await readEntry(archive, entry, bounds.entry))
    return found
  } catch (failure) {
    if (failure instanceof RegistryError || reader.failure !== undefined) throw reader.failure ?? failure
    throw invalid('The file is not a readable zip archive', { cause: failure })
  } finally {
    archive?.close()
  }
}

async function readEntry(archive: ZipFile, entry: Entry, limit: number): Promise<Uint8Array> {
  if (entry.uncompressedSize > limit)
    throw tooLarge(`${JSON.stringify(entry.fileName)} in the archive is larger than ${limit} bytes`)
  const chunks: Buffer[] = []
  for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** yauzl over whatever can be read from any range. Keeps what the source itself threw: that is no fault of the archive. */
class BytesReader extends RandomAccessReader {
  failure: unknown

  constructor(private readonly content: Bytes) {
    super()
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const out = new PassThrough()
    const copy = async () => pipeline(await this.content.open({ start, end }), out)
    copy().catch((failure) => {
      if ((failure as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') this.failure ??= failure
      out.destroy(failure)
    })
    return out
  }
}
