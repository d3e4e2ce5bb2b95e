import type { Stats } from 'node:fs'
import { link, mkdir, readdir, rm, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { conflict, notFound } from '../../errors/registry-error.js'
import { checkRange } from '../blob-key.js'
import type { ByteRange } from '../bytes.js'
import { damaged } from '../encryption/damage.js'
import { FileReader, openFile } from './file-reader.js'
import { statOf } from './fs-walk.js'
import { errorCode } from './volume.js'

/** A composed blob is a folder of this name beside where its file would lie. In it hard links, named by the bytes that each holds of the whole. */
export const composedSuffix = '.pieces'
const pieceName = /^(\d{16})-(\d{16})$/

interface Piece {
  readonly path: string
  readonly start: number
  readonly end: number
}
export interface ComposeSteps {
  rename(from: string, to: string): Promise<void>
  syncFolder(folder: string): Promise<void>
}

/** Links the files into a folder that gets its name when it is whole and durable. False, and nothing is left, where the volume has no such links. */
export async function composeFiles(path: string, files: readonly string[], steps: ComposeSteps): Promise<boolean> {
  const part = `${path}.part`
  const whole = path + composedSuffix
  await mkdir(part, { mode: 0o700 }).catch((cause: unknown) => {
    throw errorCode(cause) === 'EEXIST' ? conflict('The blob is being written') : cause
  })
  let named = false
  try {
    // Only now: while the part is ours nobody else can finish this key.
    if ((await statOf(path)) ?? (await statOf(whole))) throw conflict('The blob exists')
    if (!(await linkAll(part, files))) {
      await rm(part, { recursive: true, force: true })
      return false
    }
    await steps.syncFolder(part)
    const now = new Date()
    await utimes(part, now, now)
    named = true
    await steps.rename(part, whole)
    await steps.syncFolder(dirname(path))
    return true
  } catch (cause) {
    await rm(part, { recursive: true, force: true })
    if (named) await rm(whole, { recursive: true, force: true })
    throw cause
  }
}

async function linkAll(folder: string, files: readonly string[]): Promise<boolean> {
  let start = 0
  for (const file of files) {
    const found = await statOf(file)
    if (!found?.isFile()) throw notFound('blob', basename(file))
    const end = start + found.size
    try {
      await link(file, join(folder, `${digits(start)}-${digits(end)}`))
    } catch (cause) {
      if (unlinkable.has(errorCode(cause) ?? '')) return false
      throw cause
    }
    start = end
  }
  return true
}
const unlinkable: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES'])

function digits(offset: number): string {
  return String(offset).padStart(16, '0')
}

/** In order; undefined where no composed blob lies there. */
async function piecesOf(path: string): Promise<readonly Piece[] | undefined> {
  const folder = path + composedSuffix
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (cause) {
    const code = errorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw cause
  }
  return names.sort().flatMap((name) => {
    const [, start, end] = pieceName.exec(name) ?? []
    return start === undefined ? [] : [{ path: join(folder, name), start: Number(start), end: Number(end) }]
  })
}

/** Its bytes, file after file; undefined where no composed blob lies there. Fails where one of them is missing or shorter. */
export async function openComposed(path: string, key: string, range?: ByteRange): Promise<Readable | undefined> {
  const pieces = await piecesOf(path)
  if (pieces === undefined) return undefined
  const { start, end } = range === undefined ? { start: 0, end: pieces.at(-1)?.end ?? 0 } : checkRange(range, range.end)
  const asked = pieces.filter((piece) => piece.start < end && piece.end > start)
  const open = async (piece: Piece) =>
    new FileReader(
      await openFile(piece.path, key),
      Math.max(start, piece.start) - piece.start,
      Math.min(end, piece.end) - piece.start,
    )
  const [only] = asked
  // Past its end it fails as a file does.
  if (only && asked.length === 1 && end <= only.end) return open(only)
  return Readable.from(inOrder(asked, open, start, end), { objectMode: false })
}

async function* inOrder(pieces: readonly Piece[], open: (piece: Piece) => Promise<Readable>, start: number, end: number) {
  let at = start
  for (const piece of pieces) {
    if (piece.start > at) throw damaged('A piece of stored content is gone')
    yield* await open(piece)
    at = Math.min(end, piece.end)
  }
  if (at < end) throw damaged('Stored content is shorter than recorded')
}

export async function statComposed(path: string): Promise<{ readonly size: number; readonly storedAt: Date } | undefined> {
  const folder = await statOf(path + composedSuffix)
  if (!folder?.isDirectory()) return undefined
  let size = 0
  for (const piece of (await piecesOf(path)) ?? []) size += ((await statOf(piece.path)) as Stats | undefined)?.size ?? 0
  return { size, storedAt: folder.mtime }
}

export function removeComposed(path: string): Promise<void> {
  return rm(path + composedSuffix, { recursive: true, force: true })
}
