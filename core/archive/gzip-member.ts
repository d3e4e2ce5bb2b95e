import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { invalid, RegistryError } from '../errors/registry-error.js'
import type { Bytes } from '../storage/bytes.js'
import { ByteCursor } from './byte-cursor.js'

const flag = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 } as const
const longestText = 64 * 1024

/** Inflates a file that is exactly one gzip member (RFC 1952) from its first byte to its last and hands the plain bytes to `consume`, which must
 *  read them all. Throws `invalid` for anything else: further members, bytes behind the end, a wrong checksum. */
export async function readGzipMember(content: Bytes, consume: (plain: AsyncIterable<Buffer>) => Promise<void>): Promise<void> {
  const stream = await content.open()
  let consumed = false
  let consuming: Promise<unknown> = Promise.resolve()
  try {
    const cursor = new ByteCursor(stream)
    await skipHeader(cursor)
    const length = content.size - cursor.position - 8
    if (length < 0) throw malformed('truncated', 'Unexpected end of file')
    const inflate = createInflateRaw({ chunkSize: 64 * 1024 })
    let checksum = 0
    let size = 0
    const counted = async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        checksum = crc32(piece, checksum)
        size += piece.length
        yield piece
      }
    }
    await pipeline(cursor.pieces(length), inflate, async (pieces: AsyncIterable<Buffer>) => {
      const done = consume(counted(pieces))
      consuming = done.catch((failure: unknown) => failure)
      await done
      consumed = true
    })
    if (inflate.bytesWritten !== length) throw malformed('trailing', 'Trailing data after the gzip member')
    const trailer = await cursor.take(8)
    if (trailer.readUInt32LE(0) !== checksum || trailer.readUInt32LE(4) !== size % 2 ** 32)
      throw malformed('crc', 'Bad gzip checksum')
  } catch (cause) {
    // an inflater that has had its fill ends while we still write: bytes behind the member
    if (consumed && isCutShort(cause)) throw malformed('trailing', 'Trailing data after the gzip member')
    // and one whose reader gave up is gone before the reader has said why
    throw refusal(isCutShort(cause) ? ((await consuming) ?? cause) : cause)
  } finally {
    stream.destroy()
  }
}

async function skipHeader(cursor: ByteCursor): Promise<void> {
  const header = await cursor.take(10)
  const flags = header[3] ?? 0
  if (header[0] !== 0x1f || header[1] !== 0x8b || header[2] !== 8 || (flags & flag.reserved) !== 0)
    throw malformed('gzip', 'Not a gzip file')
  if (flags & flag.extra) await cursor.take((await cursor.take(2)).readUInt16LE(0))
  if (flags & flag.name) await skipText(cursor)
  if (flags & flag.comment) await skipText(cursor)
  if (flags & flag.headerCrc) await cursor.take(2)
}

async function skipText(cursor: ByteCursor): Promise<void> {
  for (let length = 0; length < longestText; length++) if ((await cursor.take(1))[0] === 0) return
  throw malformed('gzip', 'Not a gzip file')
}

function malformed(code: string, message: string): RegistryError {
  return invalid(message, { detail: { code: `gzip-${code}` } })
}

/** zlib's failures in our words; what the source threw stays what it was. */
function refusal(cause: unknown): unknown {
  if (cause instanceof RegistryError) return cause
  return codeOf(cause).startsWith('Z_') ? malformed('data', 'Damaged gzip data') : cause
}

function isCutShort(cause: unknown): boolean {
  return ['ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE'].includes(codeOf(cause))
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? ''
}
