import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, createBrotliCompress, createGunzip, createGzip, gzip } from 'node:zlib'
import { inTurns } from '../runtime/turns.js'
import type { ByteRange, Bytes } from '../storage/bytes.js'

const gzipped = promisify(gzip)
const brotlied = promisify(brotliCompress)

const pieceBytes = 64 * 1024
const unpackedPiece = 256 * 1024
const brotliQuality = { [constants.BROTLI_PARAM_QUALITY]: 5 }

/** A document too large to be held as it is: it lies compressed, and is unpacked while it is sent. */
export class PackedDocument implements Bytes {
  constructor(
    readonly size: number,
    readonly gzip: Uint8Array,
  ) {}

  async open(range: ByteRange = { start: 0, end: this.size }): Promise<Readable> {
    // No `compose`: on Node 24 a composed stream that is given up, as by a client that goes away, ends the process with an error that nobody catches.
    const unpacked = createGunzip({ chunkSize: unpackedPiece })
    unpacked.end(this.gzip)
    return range.start === 0 && range.end === this.size ? unpacked : Readable.from(within(unpacked, range), { objectMode: false })
  }

  async small(): Promise<undefined> {
    return undefined
  }
}

/** A document from its pieces of text: whole up to so many bytes, else packed, and then never in memory as a whole. Others get their turns meanwhile. */
export async function composed(pieces: AsyncIterable<string>, wholeBytes: number): Promise<Uint8Array | PackedDocument> {
  const held: Buffer[] = []
  let size = 0
  let packing: ReturnType<typeof packer> | undefined
  try {
    for await (const chunk of chunksOf(inTurns(pieces))) {
      size += chunk.length
      if (packing === undefined && size > wholeBytes) {
        packing = packer()
        for (const earlier of held.splice(0)) await packing.write(earlier)
      }
      if (packing === undefined) held.push(chunk)
      else await packing.write(chunk)
    }
    return packing === undefined ? Buffer.concat(held, size) : new PackedDocument(size, await packing.end())
  } catch (failure) {
    packing?.abort()
    throw failure
  }
}

export async function inCoding(body: Uint8Array | PackedDocument, coding: 'br' | 'gzip'): Promise<Uint8Array> {
  if (body instanceof PackedDocument) return coding === 'gzip' ? body.gzip : repacked(body)
  if (coding === 'gzip') return gzipped(body, { level: 6 })
  return brotlied(body, { params: { ...brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } })
}

async function repacked(body: PackedDocument): Promise<Uint8Array> {
  const parts: Buffer[] = []
  const params = { ...brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: body.size }
  await pipeline(await body.open(), createBrotliCompress({ params }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) parts.push(chunk)
  })
  return Buffer.concat(parts)
}

function packer() {
  const stream = createGzip({ level: 6, chunkSize: pieceBytes })
  const parts: Buffer[] = []
  const done = (async () => {
    for await (const part of stream) parts.push(part as Buffer)
  })()
  // Its failure is the writer's, who asks for it at the end.
  done.catch(() => undefined)
  return {
    async write(chunk: Buffer): Promise<void> {
      if (!stream.write(chunk)) await once(stream, 'drain')
    },
    async end(): Promise<Uint8Array> {
      stream.end()
      await done
      return Buffer.concat(parts)
    },
    abort(): void {
      stream.destroy()
    },
  }
}

async function* chunksOf(pieces: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let texts: string[] = []
  let length = 0
  for await (const piece of pieces) {
    texts.push(piece)
    length += piece.length
    if (length < pieceBytes) continue
    yield Buffer.from(texts.join(''))
    texts = []
    length = 0
  }
  if (length > 0) yield Buffer.from(texts.join(''))
}

async function* within(chunks: AsyncIterable<Buffer>, { start, end }: ByteRange): AsyncGenerator<Buffer> {
  let at = 0
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(start - at, 0), Math.max(end - at, 0))
    at += chunk.length
    if (piece.length > 0) yield piece
    if (at >= end) return
  }
}
