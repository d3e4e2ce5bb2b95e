import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { type ExtractEvents, extract, type Header } from 'tar-stream'
import { RegistryError, unprocessable } from '../errors/registry-error.js'
import type { Bytes } from '../storage/bytes.js'

/** Budgets of one inspection (security guide 3.6); all of them end in `unprocessable`. */
export interface TarLimits {
  readonly entries: number
  /** Bytes after inflation, headers and padding included. */
  readonly bytes: number
  /** PAX and GNU long-name records between two entries, in bytes. */
  readonly headers: number
  /** Bytes of an entry that is read whole. */
  readonly entry: number
  /** Inflated to deflated, looked at beyond 10 MiB. */
  readonly ratio: number
}
export const tarLimits: TarLimits = {
  entries: 100_000,
  bytes: 4 * 1024 ** 3,
  headers: 1024 ** 2,
  entry: 1024 ** 2,
  ratio: 200,
}

export interface TarEntry {
  /** As the archive spells it: it may be absolute, climb with '..' or hold anything else, and is never a path of ours. */
  readonly name: string
  /** Links are never followed; 'special' is a device, a FIFO or a type nobody knows. */
  readonly kind: 'file' | 'folder' | 'link' | 'special'
  readonly size: number
  /** The content, once, while the entry is being visited. Throws `unprocessable` above `limits.entry`. */
  read(): Promise<Uint8Array>
  /** The content, once, while the entry is being visited, whatever its size; fails where the archive does. */
  open(): Readable
}

type Body = ExtractEvents['entry'][1]

const block = 512
const ratioFrom = 10 * 1024 ** 2
/** What may lie in stream buffers between the meter and the tar parser. */
const inFlight = 256 * 1024

/** Walks a gzipped tar entry by entry, in its order, within `limits`; `visit` returns false to stop there. Nothing is unpacked to disk.
 *  Throws `unprocessable` where the bytes are no such archive or pass a budget; what the source itself throws passes through. */
export async function walkTar(
  content: Bytes,
  visit: (entry: TarEntry) => unknown,
  limits: Partial<TarLimits> = {},
): Promise<void> {
  const bounds = { ...tarLimits, ...limits }
  const source = await content.open()
  /** What failed outside the archive: the source, the visitor. */
  const foreign = new Set<unknown>()
  const reading = async function* () {
    try {
      for await (const chunk of source) yield chunk as Buffer
    } catch (failure) {
      foreign.add(failure)
      throw failure
    }
  }
  let stopped = false
  let entries = 0
  let inflated = 0
  /** Where the last entry's padded content ends, counted in inflated bytes. */
  let settled = 0
  const overHeaders = () => unprocessable(`the archive has more than ${bounds.headers} bytes of headers for one entry`)

  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      inflated += chunk.length
      if (inflated > bounds.bytes) done(unprocessable(`the archive unpacks to more than ${bounds.bytes} bytes`))
      else if (inflated > ratioFrom && inflated > content.size * bounds.ratio)
        done(unprocessable(`the archive unpacks to more than ${bounds.ratio} times its size`))
      else if (inflated - settled > bounds.headers + inFlight) done(overHeaders())
      else done(null, chunk)
    },
  })
  // The parser takes both: archives without the 'ustar' magic, and where an entry's content begins, are missing from its types alone.
  const parser = extract({ allowUnknownFormat: true } as Parameters<typeof extract>[0])
  parser.on('entry', (header: Header & { byteOffset?: number }, body, next) => {
    // A parser that fails destroys the entry too; what went wrong is then the archive's failure, or the source's, whoever was reading.
    let broken: unknown
    body.on('error', (failure) => {
      broken = failure
    })
    const { size } = header
    const start = header.byteOffset ?? settled
    const gap = start - block - settled
    settled = start + (header.type === 'directory' ? 0 : Math.ceil(size / block) * block)
    entries += 1
    if (gap > bounds.headers) return next(overHeaders())
    if (entries > bounds.entries) return next(unprocessable(`the archive has more than ${bounds.entries} entries`))
    visitOne(
      {
        name: header.name,
        kind: kindOf(header),
        size,
        read: () => readWhole(body, size, header.name, bounds.entry),
        open: () => Readable.from(body, { objectMode: false }),
      },
      body,
    )
      .then((goOn) => {
        stopped = !goOn
        next(goOn ? undefined : new Error('stopped'))
      })
      .catch((failure) => {
        if (failure !== broken) foreign.add(failure)
        next(failure)
      })
  })
  const visitOne = async (entry: TarEntry, body: Body): Promise<boolean> => {
    if ((await visit(entry)) === false) return false
    if (!body.destroyed) {
      await new Promise<void>((resolve) => {
        body.once('close', resolve)
        body.resume()
      })
    }
    return true
  }

  try {
    await pipeline(reading, createGunzip({ chunkSize: 64 * 1024 }), meter, parser)
  } catch (failure) {
    if (stopped) return
    if (foreign.has(failure) || failure instanceof RegistryError || !isArchiveFailure(failure)) throw failure
    throw unprocessable('the file is not a readable gzipped tar archive', { cause: failure })
  } finally {
    source.destroy()
  }
}

/** The first file whose name `pick` takes, read whole; undefined where there is none. What follows it in the archive stays unread. */
export async function readTarEntry(
  content: Bytes,
  pick: (name: string) => boolean,
  limits: Partial<TarLimits> = {},
): Promise<{ readonly name: string; readonly content: Uint8Array } | undefined> {
  let found: { readonly name: string; readonly content: Uint8Array } | undefined
  await walkTar(
    content,
    async (entry) => {
      if (entry.kind !== 'file' || !pick(entry.name)) return true
      found = { name: entry.name, content: await entry.read() }
      return false
    },
    limits,
  )
  return found
}

function kindOf(header: Header): TarEntry['kind'] {
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return 'file'
    case 'directory':
      return 'folder'
    case 'link':
    case 'symlink':
      return 'link'
    default:
      return 'special'
  }
}

async function readWhole(body: Body, size: number, name: string, limit: number): Promise<Uint8Array> {
  if (size > limit) throw unprocessable(`${JSON.stringify(name)} in the archive is larger than ${limit} bytes`)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

/** zlib's failures carry a code of theirs, the tar parser's are plain errors with none. */
function isArchiveFailure(failure: unknown): boolean {
  if (!(failure instanceof Error)) return false
  const code = (failure as NodeJS.ErrnoException).code
  return code === undefined ? failure.constructor === Error : code.startsWith('Z_') || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
