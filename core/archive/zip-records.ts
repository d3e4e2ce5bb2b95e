import type { RegistryError } from '../errors/registry-error.js'
import { invalid } from '../errors/registry-error.js'

/** First four bytes of each record of a zip archive (APPNOTE 4.3), little endian. */
export const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
  end: 0x06054b50,
} as const

/** Bytes of each record behind its signature, before what is of variable length. */
export const fixedLength = { local: 26, central: 42, zip64End: 52, zip64Locator: 16, end: 18 } as const

/** One member as its local header or its central entry tells it. */
export interface ZipRecord {
  readonly rawName: Buffer
  /** UTF-8. */
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressedSize: number
  readonly size: number
}
export interface CentralRecord extends ZipRecord {
  readonly offset: number
  /** Of the Unix mode, where the archive was made on Unix; else 0. */
  readonly mode: number
}

/** Lengths of name, extra field and comment that follow the fixed part. */
export function localLengths(fixed: Buffer): { readonly name: number; readonly extra: number } {
  return { name: fixed.readUInt16LE(22), extra: fixed.readUInt16LE(24) }
}
export function centralLengths(fixed: Buffer): { readonly name: number; readonly extra: number; readonly comment: number } {
  return { name: fixed.readUInt16LE(24), extra: fixed.readUInt16LE(26), comment: fixed.readUInt16LE(28) }
}

export function readLocalRecord(fixed: Buffer, rawName: Buffer, extra: Buffer): ZipRecord {
  const stored = { size: fixed.readUInt32LE(18), compressedSize: fixed.readUInt32LE(14) }
  const method = fixed.readUInt16LE(4)
  const wide = readExtraFields(extra, rawName, method)
  const { size, compressedSize } = widen(stored, wide, ['size', 'compressedSize'])
  return {
    rawName,
    name: readName(rawName),
    flags: fixed.readUInt16LE(2),
    method,
    crc: fixed.readUInt32LE(10),
    compressedSize,
    size,
  }
}

export function readCentralRecord(fixed: Buffer, rawName: Buffer, extra: Buffer): CentralRecord {
  const stored = { size: fixed.readUInt32LE(20), compressedSize: fixed.readUInt32LE(16), offset: fixed.readUInt32LE(38) }
  const method = fixed.readUInt16LE(6)
  const wide = readExtraFields(extra, rawName, method)
  const { size, compressedSize, offset } = widen(stored, wide, ['size', 'compressedSize', 'offset'])
  if (fixed.readUInt16LE(30) !== 0) throw malformed('disk', 'Archive is spread over several files')
  const madeOnUnix = fixed.readUInt8(1) === 3
  return {
    rawName,
    name: readName(rawName),
    flags: fixed.readUInt16LE(4),
    method,
    crc: fixed.readUInt32LE(12),
    compressedSize,
    size,
    offset,
    mode: madeOnUnix ? fixed.readUInt32LE(34) >>> 16 : 0,
  }
}

export function malformed(code: string, message: string): RegistryError {
  return invalid(message, { detail: { code: `zip-${code}` } })
}

/** Values of the Zip64 extra field in its order, undefined where there is none. Checks every extra field on the way. */
function readExtraFields(extra: Buffer, rawName: Buffer, method: number): readonly number[] | undefined {
  const seen = new Set<number>()
  let wide: readonly number[] | undefined
  for (let at = 0; at < extra.length; ) {
    if (at + 4 > extra.length) throw malformed('extra', 'Malformed extra field')
    const id = extra.readUInt16LE(at)
    const length = extra.readUInt16LE(at + 2)
    const data = extra.subarray(at + 4, at + 4 + length)
    if (data.length !== length) throw malformed('extra', 'Malformed extra field')
    if ((id === zip64Extra || id === unicodePathExtra) && seen.has(id)) throw malformed('extra-twice', 'Duplicate extra field')
    seen.add(id)
    if (id === zip64Extra) wide = readZip64Extra(data, method)
    if (id === unicodePathExtra && !data.subarray(5).equals(rawName)) throw malformed('unicode-path', 'Two names for one member')
    at += 4 + length
  }
  return wide
}

const zip64Extra = 0x0001
const unicodePathExtra = 0x7075
const zip64Lengths = [0, 8, 16, 24, 28]

function readZip64Extra(data: Buffer, method: number): readonly number[] {
  if (!zip64Lengths.includes(data.length) || (data.length === 8 && method !== 0))
    throw malformed('zip64-extra', 'Malformed Zip64 extra field')
  const values: number[] = []
  for (let at = 0; at + 8 <= data.length; at += 8) values.push(readLarge(data, at))
  if (data.length === 28 && data.readUInt32LE(24) !== 0) throw malformed('disk', 'Archive is spread over several files')
  return values
}

/** A field of all ones stands in the Zip64 extra field instead, in the order of `names`. */
function widen<Field extends string>(
  stored: Readonly<Record<Field, number>>,
  wide: readonly number[] | undefined,
  names: readonly Field[],
): Readonly<Record<Field, number>> {
  const result: Record<Field, number> = { ...stored }
  let next = 0
  for (const name of names) {
    if (stored[name] !== 0xffffffff || wide === undefined) continue
    const value = wide[next++]
    if (value === undefined) throw malformed('zip64-extra', 'Malformed Zip64 extra field')
    result[name] = value
  }
  return result
}

/** Larger than 2^53 is larger than any file. */
export function readLarge(buffer: Buffer, at: number): number {
  const value = buffer.readBigUInt64LE(at)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('size', 'Size out of range')
  return Number(value)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readName(raw: Buffer): string {
  try {
    return decoder.decode(raw)
  } catch {
    throw malformed('name', 'Member name is not UTF-8')
  }
}
