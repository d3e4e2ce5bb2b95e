import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from 'yauzl'
import { invalid, RegistryError, tooLarge } from '../errors/registry-error.js'
import type { Bytes } from '../storage/bytes.js'
import { WindowReader } from './window-reader.js'
import { type ZipLimits, zipLimits } from './zip-structure.js'

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
  const reader = new WindowReader(content)
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

export interface ZipEntry {
  /** As the archive spells it; never a path of ours. */
  readonly name: string
  /** Links are never followed. */
  readonly kind: 'file' | 'folder' | 'link'
  readonly size: number
  /** Fails where the content is not as long as it says, or has another checksum. */
  open(): Promise<Readable>
}

/** Visits every member in the order of the central directory, which alone is believed. What it announces is held against `limits` before anything is
 *  inflated, and nothing can be longer than it announced. Throws `invalid`; what the source or the visitor throws passes through. */
export async function eachZipEntry(
  content: Bytes,
  visit: (entry: ZipEntry) => Promise<void>,
  limits: Partial<ZipLimits> = {},
): Promise<void> {
  const bounds = { ...zipLimits, ...limits }
  const reader = new WindowReader(content)
  let archive: ZipFile | undefined
  let visiting = false
  let unpacked = 0
  try {
    archive = await fromRandomAccessReaderPromise(reader, content.size, {
      autoClose: false,
      lazyEntries: true,
      strictFileNames: true,
    })
    const open = archive
    if (open.entryCount > bounds.entries) throw invalid(`The archive has more than ${bounds.entries} members`)
    for await (const entry of open.eachEntry()) {
      unpacked += entry.uncompressedSize
      if (unpacked > bounds.unpacked) throw invalid(`The archive unpacks to more than ${bounds.unpacked} bytes`)
      if (unpacked > bounds.ratioFloor && unpacked > bounds.ratio * content.size)
        throw invalid(`The archive unpacks to more than ${bounds.ratio} times its size`)
      if (entry.generalPurposeBitFlag & 0x2041) throw invalid('The archive has an encrypted member')
      visiting = true
      await visit({
        name: entry.fileName,
        kind: kindOf(entry),
        size: entry.uncompressedSize,
        open: async () => Readable.from(verified(await open.openReadStreamPromise(entry), entry), { objectMode: false }),
      })
      visiting = false
    }
  } catch (failure) {
    if (failure instanceof RegistryError || reader.failure !== undefined) throw reader.failure ?? failure
    if (visiting && !isOfArchive(failure)) throw failure
    throw invalid('The file is not a readable zip archive', { cause: failure })
  } finally {
    archive?.close()
  }
}

function kindOf(entry: Entry): ZipEntry['kind'] {
  const madeOnUnix = entry.versionMadeBy >>> 8 === 3
  if (madeOnUnix && ((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000) return 'link'
  return entry.fileName.endsWith('/') ? 'folder' : 'file'
}

/** yauzl holds a member to its size, and leaves the checksum to others. */
async function* verified(source: Readable, entry: Entry): AsyncGenerator<Buffer> {
  let checksum = 0
  try {
    for await (const chunk of source) {
      checksum = crc32(chunk as Buffer, checksum)
      yield chunk as Buffer
    }
  } catch (failure) {
    throw isOfArchive(failure) ? damagedMember(entry, failure) : failure
  }
  if (checksum !== entry.crc32) throw invalid(`Bad CRC-32: ${entry.fileName}`)
}
function damagedMember({ fileName }: Entry, cause: unknown): RegistryError {
  return invalid(`The archive is damaged at ${fileName}`, { cause })
}
/** zlib's failures, and yauzl's own, which are plain errors. */
function isOfArchive(failure: unknown): boolean {
  const code = (failure as NodeJS.ErrnoException).code
  return code === undefined || code.startsWith('Z_')
}

async function readEntry(archive: ZipFile, entry: Entry, limit: number): Promise<Uint8Array> {
  if (entry.uncompressedSize > limit)
    throw tooLarge(`${JSON.stringify(entry.fileName)} in the archive is larger than ${limit} bytes`)
  const chunks: Buffer[] = []
  for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
