import type { Readable } from 'node:stream'
import { asRegistryError, invalid, tooLarge } from '../errors/registry-error.js'
import type { Stage } from '../storage/staging.js'
import { Base64Stream } from './base64-stream.js'
import { BlobFeed } from './blob-feed.js'
import { badJson, chunksOf, jsonBudget, jsonDepth, parseStrictJson } from './json-body.js'
import { JsonStringUnescaper } from './json-string-unescaper.js'
import type { BlobJsonLimits, JsonWithBlobs } from './protocol-request.js'

/** Attachments of one document: more is nobody's publish. */
export const blobsAtMost = 16
/** A key takes some bytes of the text, so the text's limit bounds their number; a whole packument sent back has more than a small document may. */
const bytesPerKey = 128

const textRoom = 64 * 1024

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c

interface Level {
  /** -1: an object. */
  index: number
  key: string
}

type OpenBlob = { readonly feed: BlobFeed; readonly decoder: Base64Stream; readonly path: readonly string[]; size: number }

/** A byte scanner: the text is gathered without the strings that `isBlob` picks, which are decoded and staged as they arrive, a chunk at a time, and without
 *  what is to be omitted. What was gathered is then parsed as strictly as any body. On a failure the blob that was being staged is given up; those before it are
 *  dropped with the context. */
export async function readJsonWithBlobs(
  body: Readable,
  isBlob: (path: readonly string[]) => boolean,
  stage: Stage,
  limits: BlobJsonLimits,
): Promise<JsonWithBlobs> {
  const scanner = new JsonBlobScanner(isBlob, stage, limits)
  try {
    for await (const chunk of chunksOf(body)) await scanner.take(chunk)
    return await scanner.finish()
  } catch (thrown) {
    await scanner.abort(asRegistryError(thrown))
    throw thrown
  }
}

class JsonBlobScanner {
  #text: Buffer
  #textSize = 0
  readonly #levels: Level[] = []
  readonly #blobs: JsonWithBlobs['blobs'][number][] = []
  #state: 'structure' | 'string' | 'blob' = 'structure'
  /** Of the string that is being read: its bytes so far, where it may turn out to be a key. */
  #string: Buffer[] = []
  #escaped = false
  /** Does the next string stand for a key? */
  #keyNext = false
  #blob: OpenBlob | undefined
  /** Number of levels around the member that is being read past; 0: none is. */
  #omitting = 0
  #omitted = 0
  /** Where in the text the key begins that was read last. */
  #keyAt = 0
  #unescaper = new JsonStringUnescaper()

  constructor(
    private readonly isBlob: (path: readonly string[]) => boolean,
    private readonly stage: Stage,
    private readonly limits: BlobJsonLimits,
  ) {
    this.#text = Buffer.allocUnsafe(Math.min(limits.text, textRoom))
  }

  async take(chunk: Buffer): Promise<void> {
    let at = 0
    while (at < chunk.length) {
      if (this.#state === 'structure') at = this.#structure(chunk, at)
      else if (this.#state === 'string') at = this.#inString(chunk, at)
      else at = await this.#inBlob(chunk, at)
    }
  }

  async finish(): Promise<JsonWithBlobs> {
    if (this.#state !== 'structure') throw badJson('a string without an end')
    const keys = Math.max(jsonBudget.keys, Math.floor(this.limits.text / bytesPerKey))
    return {
      value: parseStrictJson(this.#text.subarray(0, this.#textSize), { keys, prototypeNames: 'allow' }),
      blobs: this.#blobs,
      omitted: this.#omitted > 0,
    }
  }

  async abort(failure: Error): Promise<void> {
    await this.#blob?.feed.abort(failure)
    this.#blob = undefined
  }

  /** Up to the first byte of the next string's content. */
  #structure(chunk: Buffer, start: number): number {
    let from = start
    for (let at = start; at < chunk.length; at += 1) {
      const level = this.#levels.at(-1)
      switch (chunk[at]) {
        case 0x7b:
        case 0x5b: {
          if (this.#levels.length === jsonDepth) throw badJson(`nested deeper than ${jsonDepth}`)
          const object = chunk[at] === 0x7b
          this.#levels.push({ index: object ? -1 : 0, key: '' })
          this.#keyNext = object
          break
        }
        case 0x7d:
        case 0x5d:
          from = this.#endOmission(chunk, from, at)
          if (level !== undefined && level.index < 0 !== (chunk[at] === 0x7d)) throw badJson('not JSON')
          this.#levels.pop()
          this.#keyNext = false
          break
        case comma:
          from = this.#endOmission(chunk, from, at)
          if (level !== undefined && level.index >= 0) level.index += 1
          else this.#keyNext = level !== undefined
          break
        case 0x3a:
          this.#keyNext = false
          if (this.#isOmitted()) {
            this.#textSize = this.#keyAt
            this.#omitting = this.#levels.length
            from = at + 1
          }
          break
        case quote:
          this.#keep(chunk.subarray(from, at + 1))
          if (this.#keyNext && this.#omitting === 0) this.#keyAt = this.#textSize - 1
          this.#begin()
          return at + 1
      }
    }
    this.#keep(chunk.subarray(from))
    return chunk.length
  }

  #isOmitted(): boolean {
    const { omit } = this.limits
    if (omit === undefined || this.#omitting > 0 || this.#textSize < omit.after || this.#levels.length !== omit.depth)
      return false
    return this.#levels.at(-1)?.index === -1 && omit.picks(this.#path())
  }

  /** At a comma or a closing bracket: what is read past ends with its own level, and one comma goes with it. Returns from where on the chunk counts. */
  #endOmission(chunk: Buffer, from: number, at: number): number {
    if (this.#omitting !== this.#levels.length || this.#omitting === 0) return from
    this.#keep(chunk.subarray(from, at))
    this.#omitting = 0
    if (chunk[at] === comma) return at + 1
    let end = this.#textSize
    while (isSpace(this.#text[end - 1])) end -= 1
    if (this.#text[end - 1] === comma) this.#textSize = end - 1
    return at
  }

  #path(): readonly string[] {
    return this.#levels.map((level) => (level.index < 0 ? level.key : String(level.index)))
  }

  #begin(): void {
    this.#escaped = false
    this.#string = []
    this.#state = 'string'
    if (this.#keyNext || this.#levels.length === 0 || this.#omitting > 0) return
    const path = this.#path()
    if (!this.isBlob(path)) return
    if (this.#blobs.length === (this.limits.blobs ?? blobsAtMost))
      throw invalid('Too many attachments', { detail: { code: 'json' } })
    this.#state = 'blob'
    this.#unescaper = new JsonStringUnescaper()
    this.#blob = { feed: new BlobFeed(this.stage), decoder: new Base64Stream(), path, size: 0 }
  }

  #inString(chunk: Buffer, from: number): number {
    const end = this.#endOfString(chunk, from)
    const piece = chunk.subarray(from, end < 0 ? chunk.length : end)
    if (this.#keyNext) this.#string.push(Buffer.from(piece))
    if (end < 0) {
      this.#keep(piece)
      return chunk.length
    }
    this.#keep(chunk.subarray(from, end + 1))
    this.#state = 'structure'
    const level = this.#levels.at(-1)
    if (this.#keyNext && level !== undefined) level.key = decodeKey(Buffer.concat(this.#string))
    return end + 1
  }

  /** Where the closing quote lies; -1 where it is not in this chunk. Remembers a backslash that the chunk ends with. */
  #endOfString(chunk: Buffer, from: number): number {
    const start = this.#escaped ? from + 1 : from
    this.#escaped = false
    for (let at = start; ; ) {
      const end = chunk.indexOf(quote, at)
      const stop = end < 0 ? chunk.length : end
      let slashes = 0
      while (stop - 1 - slashes >= start && chunk[stop - 1 - slashes] === backslash) slashes += 1
      const escaped = slashes % 2 === 1
      if (end < 0) {
        this.#escaped = escaped
        return -1
      }
      if (!escaped) return end
      at = end + 1
    }
  }

  async #inBlob(chunk: Buffer, from: number): Promise<number> {
    const blob = this.#blob
    if (blob === undefined) throw badJson('not JSON')
    // Base64 holds no quote, not even an escaped one: the first that comes is the end, or the unescaper refuses the backslash before it.
    const end = chunk.indexOf(quote, from)
    const raw = chunk.subarray(from, end < 0 ? chunk.length : end)
    await this.#feed(blob, blob.decoder.push(this.#unescaper.push(raw)))
    if (end < 0) return chunk.length
    this.#unescaper.end()
    await this.#feed(blob, blob.decoder.end())
    const staged = await blob.feed.end()
    this.#blob = undefined
    this.#blobs.push({ path: blob.path, blob: staged })
    this.#keep(chunk.subarray(end, end + 1))
    this.#state = 'structure'
    return end + 1
  }

  async #feed(blob: OpenBlob, bytes: Buffer): Promise<void> {
    blob.size += bytes.length
    const { blob: limit } = this.limits
    if (blob.size > limit) throw tooLarge(`The attachment is larger than ${limit} bytes`, { detail: { limit } })
    await blob.feed.push(bytes)
  }

  #keep(piece: Buffer): void {
    if (this.#omitting > 0) {
      this.#omitted += piece.length
      const most = this.limits.omit?.most ?? 0
      if (this.#omitted > most)
        throw tooLarge(`The document is larger than ${this.limits.text + most} bytes`, { detail: { limit: most } })
      return
    }
    const size = this.#textSize + piece.length
    const { text: limit } = this.limits
    if (size > limit) throw tooLarge(`The document is larger than ${limit} bytes`, { detail: { limit } })
    if (size > this.#text.length) {
      const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(size, this.#text.length * 2)))
      this.#text.copy(larger, 0, 0, this.#textSize)
      this.#text = larger
    }
    piece.copy(this.#text, this.#textSize)
    this.#textSize = size
  }
}

function decodeKey(raw: Buffer): string {
  try {
    return raw.includes(backslash) ? (JSON.parse(`"${raw.toString('utf8')}"`) as string) : raw.toString('utf8')
  } catch (cause) {
    throw badJson('a malformed string', cause)
  }
}

function isSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
