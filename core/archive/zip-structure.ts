import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { RegistryError } from '../errors/registry-error.js'
import type { Bytes } from '../storage/bytes.js'
import { ByteCursor } from './byte-cursor.js'
import { memberNameFault } from './member-name.js'
import { tarChecksum } from './tar-header.js'
import {
  type CentralRecord,
  centralLengths,
  fixedLength,
  localLengths,
  malformed,
  readCentralRecord,
  readLarge,
  readLocalRecord,
  signatures,
  type ZipRecord,
} from './zip-records.js'

/** What an archive may cost. `ratio` counts only beyond `ratioFloor` plain bytes. */
export interface ZipLimits {
  readonly entries: number
  readonly unpacked: number
  readonly ratio: number
  readonly ratioFloor: number
}
/** Security guide 3.6. */
export const zipLimits: ZipLimits = { entries: 65_535, unpacked: 4 * 1024 ** 3, ratio: 200, ratioFloor: 10 * 1024 ** 2 }

export interface ZipMember {
  readonly name: string
  readonly size: number
  readonly compressedSize: number
}

/** Reads a zip archive from its first byte to its last, members inflated and checked, and holds that it is the same archive read from its end:
 *  no byte outside a record, no two readers that could differ (PyPI dossier 10). Members in file order. Throws `invalid`, nothing is kept. */
export async function walkZip(content: Bytes, limits: Partial<ZipLimits> = {}): Promise<readonly ZipMember[]> {
  const budget = { ...zipLimits, ...limits }
  if (await isTar(content)) throw malformed('tar', 'Archive can be read as tar too')
  const stream = await content.open()
  try {
    const cursor = new ByteCursor(stream)
    const { members, next } = await walkMembers(cursor, content.size, budget)
    const start = cursor.position - 4
    const { entries, signature } = await walkDirectory(cursor, next, members)
    await walkEnd(cursor, signature, { start, size: cursor.position - 4 - start, entries })
    return members.map(({ name, size, compressedSize }) => ({ name, size, compressedSize }))
  } finally {
    stream.destroy()
  }
}

/** A zip archive may begin with what a tar reader takes for its first header: 512 bytes and their sum. */
async function isTar(content: Bytes): Promise<boolean> {
  if (content.size < 512) return false
  const stream = await content.open({ start: 0, end: 512 })
  try {
    const header = await new ByteCursor(stream).take(512)
    const stated = /^[ \0]*([0-7]{1,7})[ \0]/.exec(header.toString('latin1', 148, 157))?.[1]
    return (
      header.toString('latin1', 257, 262) === 'ustar' ||
      (stated !== undefined && Number.parseInt(stated, 8) === tarChecksum(header))
    )
  } finally {
    stream.destroy()
  }
}

type LocalMember = ZipRecord & { readonly offset: number }

async function walkMembers(cursor: ByteCursor, archiveSize: number, limits: ZipLimits) {
  const members: LocalMember[] = []
  const names = new Set<string>()
  let unpacked = 0
  let packed = 0
  let signature = await readSignature(cursor)
  while (signature === signatures.local) {
    const offset = cursor.position - 4
    const fixed = await cursor.take(fixedLength.local)
    const lengths = localLengths(fixed)
    const rawName = await cursor.take(lengths.name)
    const extra = await cursor.take(lengths.extra)
    const member = { ...readLocalRecord(fixed, rawName, extra), offset }
    checkMember(member)
    if (names.has(member.name)) throw malformed('name-twice', `Duplicate filename in local headers: ${member.name}`)
    names.add(member.name)
    if (members.push(member) > limits.entries) throw malformed('entries', `More than ${limits.entries} members`)
    unpacked += member.size
    packed += member.compressedSize
    if (unpacked > limits.unpacked) throw malformed('unpacked', `Unpacks to more than ${limits.unpacked} bytes`)
    if (unpacked > limits.ratioFloor && unpacked > limits.ratio * Math.min(packed, archiveSize)) {
      throw malformed('ratio', `Compression ratio exceeds ${limits.ratio}`)
    }
    await checkData(cursor, member)
    signature = await readSignature(cursor)
  }
  return { members, next: signature }
}

function checkMember({ flags, method, name, size, compressedSize }: ZipRecord): void {
  if (flags & 0x2041) throw malformed('encrypted', 'Encrypted member')
  if (flags & 0x0008) throw malformed('descriptor', 'Data descriptor is not supported')
  if (method !== 0 && method !== 8) throw malformed('method', `Compression method ${method} is not supported`)
  if (method === 0 && size !== compressedSize) throw malformed('size', `Sizes of a stored member differ: ${name}`)
  const fault = memberNameFault(name)
  if (fault) throw malformed('name', fault)
}

/** Small members are inflated in one call, which a stream of their own would cost more than. */
const inOneCall = { compressed: 64 * 1024, plain: 1024 ** 2 }

async function checkData(cursor: ByteCursor, { name, method, size, compressedSize, crc }: ZipRecord): Promise<void> {
  let checksum = 0
  if (method === 0) {
    for await (const piece of cursor.pieces(compressedSize)) checksum = crc32(piece, checksum)
  } else if (compressedSize <= inOneCall.compressed && size <= inOneCall.plain) {
    checksum = crc32(inflateWhole(await cursor.take(compressedSize), name, size), 0)
  } else {
    checksum = await inflateInPieces(cursor, name, size, compressedSize)
  }
  if (checksum !== crc) throw malformed('crc', `Bad CRC-32: ${name}`)
}

function inflateWhole(data: Buffer, name: string, size: number): Buffer {
  try {
    // `info` adds the engine, which counts what it consumed: bytes behind the stream's end are a fault
    const { buffer, engine } = inflateRawSync(data, { maxOutputLength: size + 1, info: true }) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    if (buffer.length !== size || engine.bytesWritten !== data.length) throw sizesDiffer(name)
    return buffer
  } catch (cause) {
    throw refusal(cause, name)
  }
}

async function inflateInPieces(cursor: ByteCursor, name: string, size: number, compressedSize: number): Promise<number> {
  const inflate = createInflateRaw()
  let checksum = 0
  let plain = 0
  let ended = false
  try {
    await pipeline(cursor.pieces(compressedSize), inflate, async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        plain += piece.length
        if (plain > size) throw sizesDiffer(name)
        checksum = crc32(piece, checksum)
      }
      ended = true
    })
  } catch (cause) {
    // an inflater that has had its fill ends while we still write
    throw ended && !(cause instanceof RegistryError) ? sizesDiffer(name) : refusal(cause, name)
  }
  if (plain !== size || inflate.bytesWritten !== compressedSize) throw sizesDiffer(name)
  return checksum
}

async function walkDirectory(cursor: ByteCursor, first: number, members: readonly LocalMember[]) {
  const byOffset = new Map(members.map((member) => [member.offset, member]))
  let entries = 0
  let signature = first
  while (signature === signatures.central) {
    const fixed = await cursor.take(fixedLength.central)
    const lengths = centralLengths(fixed)
    const rawName = await cursor.take(lengths.name)
    const extra = await cursor.take(lengths.extra)
    if (lengths.comment > 0) throw malformed('comment', 'Comment on a member')
    const entry = readCentralRecord(fixed, rawName, extra)
    const member = byOffset.get(entry.offset)
    if (!member) throw malformed('offset', `Central entry without a local header: ${entry.name}`)
    byOffset.delete(entry.offset)
    checkSame(entry, member)
    entries++
    signature = await readSignature(cursor)
  }
  if (byOffset.size > 0) throw malformed('count', 'Local header without a central entry')
  return { entries, signature }
}

function checkSame(entry: CentralRecord, member: LocalMember): void {
  const same =
    entry.rawName.equals(member.rawName) &&
    entry.compressedSize === member.compressedSize &&
    entry.size === member.size &&
    entry.crc === member.crc &&
    entry.method === member.method &&
    entry.flags === member.flags
  if (!same) throw malformed('differs', `Local and central headers differ: ${entry.name}`)
  if ((entry.mode & 0o170000) === 0o120000) throw malformed('link', `Symbolic link: ${entry.name}`)
}

interface Directory {
  readonly start: number
  readonly size: number
  readonly entries: number
}

async function walkEnd(cursor: ByteCursor, first: number, directory: Directory): Promise<void> {
  let signature = first
  if (signature === signatures.zip64End) {
    const offset = cursor.position - 4
    checkZip64End(await cursor.take(fixedLength.zip64End), directory)
    if ((await readSignature(cursor)) !== signatures.zip64Locator) throw malformed('locator', 'Zip64 end without a locator')
    const locator = await cursor.take(fixedLength.zip64Locator)
    const right = locator.readUInt32LE(0) === 0 && readLarge(locator, 4) === offset && locator.readUInt32LE(12) === 1
    if (!right) throw malformed('locator', 'Zip64 locator points elsewhere')
    signature = await readSignature(cursor)
    if (signature === signatures.end) return walkLastRecord(cursor, directory, true)
  }
  if (signature !== signatures.end) throw malformed('signature', 'Unknown record signature')
  return walkLastRecord(cursor, directory, false)
}

function checkZip64End(record: Buffer, { start, size, entries }: Directory): void {
  if (readLarge(record, 0) !== 44) throw malformed('zip64-end', 'Zip64 end record has a length of its own')
  const right =
    record.readUInt32LE(12) === 0 &&
    record.readUInt32LE(16) === 0 &&
    readLarge(record, 20) === entries &&
    readLarge(record, 28) === entries &&
    readLarge(record, 36) === size &&
    readLarge(record, 44) === start
  if (!right) throw malformed('zip64-end', 'Zip64 end record differs from the directory')
}

/** A value of all ones is allowed only where a Zip64 record told it. */
async function walkLastRecord(cursor: ByteCursor, { start, size, entries }: Directory, wide: boolean): Promise<void> {
  const record = await cursor.take(fixedLength.end)
  const small = (value: number, actual: number, all: number) => value === actual || (wide && value === all)
  const right =
    small(record.readUInt16LE(0), 0, 0xffff) &&
    small(record.readUInt16LE(2), 0, 0xffff) &&
    small(record.readUInt16LE(4), entries, 0xffff) &&
    small(record.readUInt16LE(6), entries, 0xffff) &&
    small(record.readUInt32LE(8), size, 0xffffffff) &&
    small(record.readUInt32LE(12), start, 0xffffffff)
  if (!right) throw malformed('end', 'End record differs from the directory')
  const comment = await cursor.take(record.readUInt16LE(16))
  // readers look for the end record backwards: a second one inside the comment would be found first
  if (comment.includes(signatureBytes(signatures.end))) throw malformed('end-twice', 'Two end records')
  if (!(await cursor.atEnd())) throw malformed('trailing', 'Trailing data')
}

async function readSignature(cursor: ByteCursor): Promise<number> {
  if (await cursor.atEnd()) throw malformed('truncated', 'Unexpected end of file')
  const signature = (await cursor.take(4)).readUInt32LE(0)
  if (!known.has(signature)) throw malformed('signature', 'Unknown record signature')
  return signature
}
const known: ReadonlySet<number> = new Set(Object.values(signatures))

function signatureBytes(signature: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(signature)
  return bytes
}

function sizesDiffer(name: string): RegistryError {
  return malformed('size', `Compressed data does not match its declared size: ${name}`)
}

/** A refusal of ours as it is; what zlib says of bad data, in our words. A source that broke stays what it was. */
function refusal(cause: unknown, name: string): unknown {
  if (cause instanceof RegistryError) return cause
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  return /^Z_|^ERR_BUFFER_TOO_LARGE$/.test(code) ? sizesDiffer(name) : cause
}
