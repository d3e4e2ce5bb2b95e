import type { RegistryError } from '../errors/registry-error.js'
import { invalid } from '../errors/registry-error.js'

export const tarBlock = 512

/** One header block of a tar archive (POSIX 1003.1 ustar, with GNU's large numbers). */
export interface TarHeader {
  readonly name: string
  /** '0' file, whatever its name ends in, '1' hard link, '2' symbolic link, '5' folder, 'x' and 'g' PAX, 'L' and 'K' GNU long names; others as they stand. */
  readonly type: string
  readonly size: number
  readonly linkName: string
}

/** Undefined for a block of zeros. Throws `invalid` where the checksum or a number is wrong. */
export function readTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  if (readNumber(block, 148, 8) !== tarChecksum(block)) throw malformedTar('checksum', 'Bad header checksum')
  const name = readText(block, 0, 100)
  const prefix = readPrefix(block)
  const type = String.fromCharCode(block[156] ?? 0)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: type === '\0' || type === '7' ? '0' : type,
    size: readNumber(block, 124, 12),
    linkName: readText(block, 157, 100),
  }
}

/** The front of a name that is too long for its field. Readers differ over what is a prefix: here one that all of them take as the same. */
function readPrefix(block: Buffer): string {
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return ''
  const prefix = readText(block, 345, 155)
  // star keeps times where the prefix ends, and tells by this byte
  const doubtful = prefix === '' ? block[475] !== 0 : block.toString('latin1', 263, 265) !== '00'
  if (doubtful) throw malformedTar('prefix', 'Doubtful prefix in a header')
  return prefix
}

/** Sum of the bytes of a header block, its own field read as spaces. */
export function tarChecksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let at = 0; at < tarBlock; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0
  return sum
}

/** '{length} {key}={value}\n' records of a PAX header. */
export function readPaxRecords(data: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at)
    const digits = data.toString('latin1', at, space < 0 ? at : space)
    const end = at + (/^[1-9][0-9]{0,7}$/.test(digits) ? Number(digits) : 0)
    const equals = data.indexOf(0x3d, space)
    if (end <= space || end > data.length || data[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw malformedTar('pax', 'Malformed PAX header')
    }
    const key = data.toString('utf8', space + 1, equals)
    if (records.has(key)) throw malformedTar('pax', `Duplicate PAX record: ${key}`)
    const value = decodeName(data.subarray(equals + 1, end - 1))
    // some readers cut a header into lines
    if (/\n\s*[0-9]+ [^\n]*=/.test(value)) throw malformedTar('pax', `PAX record within a PAX record: ${key}`)
    records.set(key, value)
    at = end
  }
  return records
}

/** Of a GNU long name. */
export function readLongName(data: Buffer): string {
  const end = data.indexOf(0)
  // some readers go on behind a line break
  if (end >= 0 && data.includes(0x0a, end)) throw malformedTar('name', 'Line break behind the end of a name')
  return decodeName(end < 0 ? data : data.subarray(0, end))
}

export function malformedTar(code: string, message: string): RegistryError {
  return invalid(message, { detail: { code: `tar-${code}` } })
}

function readText(block: Buffer, start: number, length: number): string {
  return readLongName(block.subarray(start, start + length))
}

/** Octal digits, or GNU's base 256 where the highest bit is set. */
function readNumber(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length)
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f
    for (const byte of field.subarray(1)) value = value * 256 + byte
    if (!Number.isSafeInteger(value)) throw malformedTar('number', 'Number out of range')
    return value
  }
  const match = /^[ \0]*([0-7]*)[ \0]*$/.exec(field.toString('latin1'))
  if (!match) throw malformedTar('number', 'Malformed number in a header')
  return Number.parseInt(match[1] || '0', 8)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Old archives are in anything; a name that is not UTF-8 is read as Latin-1, so that no two of them become one. */
function decodeName(bytes: Buffer): string {
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
