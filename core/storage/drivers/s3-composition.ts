import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { notFound } from '../../errors/registry-error.js'
import { joinCrc32 } from './crc32-join.js'
import { S3Body } from './s3-body.js'
import type { S3Bucket, S3Object } from './s3-bucket.js'
import { NothingCopied, type ObjectPart, type S3Uploads, s3Limits } from './s3-upload.js'

/** What is smaller is read and sent: one call instead of three. */
const copiedFrom = 8 * 1024 * 1024
const atOnce = 8

/** Bytes of one object. */
export interface Stretch {
  readonly key: string
  readonly object: S3Object
  readonly start: number
  readonly end: number
}
/** A part of the composed object: one stretch that is copied in the bucket, or some that are read and sent as one, because each alone is too small. */
export interface PlannedPart {
  readonly copied: boolean
  readonly stretches: readonly Stretch[]
}

/** An object of others, in their order; theirs stay as they are. False where the store copies nothing; nothing is left then. Throws `not-found` where one
 *  is missing, and as `put` does. */
export async function composeObjects(
  bucket: S3Bucket,
  uploads: S3Uploads,
  key: string,
  pieces: readonly string[],
): Promise<boolean> {
  const objects = await objectsOf(bucket, pieces)
  const stretches = pieces.map((piece, at) => {
    const object = objects[at]
    if (object === undefined) throw notFound('blob', piece)
    return { key: piece, object, start: 0, end: object.size }
  })
  const known = stretches.every(({ object }) => object.crc32 !== undefined)
  const sum = stretches.reduce((total, { object }) => joinCrc32(total, object.crc32 ?? 0, object.size), 0)
  try {
    await uploads.put(
      key,
      plan(stretches).map((part) => partOf(bucket, part)),
      known ? sum : undefined,
    )
    return true
  } catch (thrown) {
    if (thrown instanceof NothingCopied) return false
    throw thrown
  }
}

async function objectsOf(bucket: S3Bucket, keys: readonly string[]): Promise<readonly (S3Object | undefined)[]> {
  const objects: (S3Object | undefined)[] = []
  for (let at = 0; at < keys.length; at += atOnce)
    objects.push(...(await Promise.all(keys.slice(at, at + atOnce).map((key) => bucket.head(key)))))
  return objects
}

/** Parts that the store takes: none but the last smaller than 5 MiB, none larger than 5 GiB. What is copied is as much as can be. */
export function plan(stretches: readonly Stretch[]): readonly PlannedPart[] {
  const whole = stretches.filter(({ start, end }) => end > start)
  if (sizeOf(whole) <= copiedFrom) return [{ copied: false, stretches: whole }]
  const parts: PlannedPart[] = []
  let gathered: Stretch[] = []
  const send = () => {
    if (gathered.length > 0) parts.push({ copied: false, stretches: gathered })
    gathered = []
  }
  for (const [at, stretch] of whole.entries()) {
    const missing = gathered.length === 0 ? 0 : Math.max(0, s3Limits.smallestPart - sizeOf(gathered))
    const last = at === whole.length - 1
    const from = Math.min(stretch.end, stretch.start + missing)
    const rest = stretch.end - from
    if (rest >= s3Limits.smallestPart || (last && rest > 0 && missing < stretch.end - stretch.start)) {
      if (from > stretch.start) gathered.push({ ...stretch, end: from })
      send()
      parts.push(...copies({ ...stretch, start: from }))
    } else {
      gathered.push(stretch)
      if (sizeOf(gathered) >= s3Limits.smallestPart) send()
    }
  }
  send()
  return parts
}

/** Equal ones, where one would be too large. */
function copies(stretch: Stretch): readonly PlannedPart[] {
  const size = stretch.end - stretch.start
  const count = Math.ceil(size / s3Limits.largestPart)
  return Array.from({ length: count }, (_, at) => ({
    copied: true,
    stretches: [
      {
        ...stretch,
        start: stretch.start + Math.floor((size * at) / count),
        end: stretch.start + Math.floor((size * (at + 1)) / count),
      },
    ],
  }))
}

function partOf(bucket: S3Bucket, { copied, stretches }: PlannedPart): ObjectPart {
  const [first] = stretches
  if (copied && first !== undefined) {
    const { key, object, start, end } = first
    return { size: end - start, from: { key, etag: object.etag, start, whole: start === 0 && end === object.size } }
  }
  const load = async () => {
    const pieces = await Promise.all(
      stretches.map(async ({ key, start, end }) => buffer(await S3Body.open(bucket, key, { start, end }))),
    )
    const bytes = Buffer.concat(pieces)
    return { crc32: crc32(bytes), read: () => Readable.from([bytes]) }
  }
  return { size: sizeOf(stretches), load }
}

function sizeOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { start, end }) => sum + end - start, 0)
}
