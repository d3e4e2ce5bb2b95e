import { invalid } from '../errors/registry-error.js'
import type { Key, RangeQuery } from './metadata-store.js'
import { metadataLimits } from './metadata-store.js'

/** From `lower` up to, not including, `upper`: every key that a range may meet, whatever its direction. */
export interface KeySpan {
  readonly lower: Buffer
  readonly upper: Buffer
}

const nothing = Buffer.alloc(0)
const loneSurrogate = /\p{Surrogate}/u

/** Hash key of stores that have one: UTF-8. Throws `invalid` past the limit. */
export function encodePartition(partition: string): Buffer {
  checkPartition(partition)
  return Buffer.from(partition)
}

/** Each segment ended by a zero byte, which sorts before all others: 'foo' stays apart from 'foo-bar', a parent stands before its children. */
export function encodePath(path: readonly string[]): Buffer {
  const joined = joinPath(path)
  checkPath(Buffer.byteLength(joined), joined)
  return Buffer.from(joined)
}

export function decodePath(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', 0, bytes.length - 1)
  return text.includes('\0') ? text.split('\0') : [text]
}

/** One ordered key for stores without hash keys: two bytes of the partition's length, the partition (zero bytes may be in it), the path. */
export function encodeKey(key: Key): Buffer {
  const joined = joinPath(key.path)
  const partitionBytes = checkPartition(key.partition)
  const pathBytes = Buffer.byteLength(joined)
  checkPath(pathBytes, joined)
  const bytes = Buffer.allocUnsafe(2 + partitionBytes + pathBytes)
  bytes.writeUInt16BE(partitionBytes, 0)
  bytes.write(key.partition, 2)
  bytes.write(joined, 2 + partitionBytes)
  return bytes
}

export function decodeKey(bytes: Uint8Array): Key {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const path = 2 + buffer.readUInt16BE(0)
  return { partition: buffer.toString('utf8', 2, path), path: decodePath(buffer.subarray(path)) }
}

/** A range in path bytes; `limit` is the contract's to check, see `checkLimit`. */
export function pathSpan(query: RangeQuery): KeySpan {
  const prefix = query.prefix === undefined || query.prefix.length === 0 ? nothing : encodePath(query.prefix)
  let lower: Buffer = prefix
  // All that begins with the prefix lies below the prefix whose last byte, a zero, is a one; no byte of UTF-8 is 0xff.
  let upper: Buffer = prefix.length === 0 ? Buffer.from([0xff]) : Buffer.concat([prefix.subarray(0, -1), Buffer.from([1])])
  if (query.after !== undefined && query.after.length > 0) {
    const after = encodePath(query.after)
    if (query.descending === true) {
      if (after.compare(upper) < 0) upper = after
    } else {
      const behind = Buffer.concat([after, Buffer.from([0])])
      if (behind.compare(lower) > 0) lower = behind
    }
  }
  return { lower, upper }
}

/** The same in whole keys. */
export function keySpan(partition: string, query: RangeQuery): KeySpan {
  const size = checkPartition(partition)
  const head = Buffer.allocUnsafe(2 + size)
  head.writeUInt16BE(size, 0)
  head.write(partition, 2)
  const { lower, upper } = pathSpan(query)
  return { lower: Buffer.concat([head, lower]), upper: Buffer.concat([head, upper]) }
}

/** How many entries a range may give; throws `invalid` where it is no count. */
export function checkLimit(query: RangeQuery): number {
  if (query.limit === undefined) return Number.POSITIVE_INFINITY
  if (!Number.isSafeInteger(query.limit) || query.limit < 0) throw invalid('A limit is a whole number, zero or more')
  return query.limit
}

/** Where a scan goes on: opaque to callers, checked when it comes back. */
export function encodeCursor(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('base64url')
}
export function decodeCursor(cursor: string): Buffer {
  const bytes = Buffer.from(cursor, 'base64url')
  const path = bytes.length < 2 ? 0 : 2 + bytes.readUInt16BE(0)
  if (path < 3 || bytes.length < path + 2 || bytes.at(-1) !== 0) throw invalid('This is no cursor of a scan')
  return bytes
}

function joinPath(path: readonly string[]): string {
  if (path.length === 0) throw invalid('A path has one segment or more')
  for (const segment of path) {
    if (segment.length === 0) throw invalid('A path segment is empty')
    if (segment.includes('\0')) throw invalid('A path segment holds a zero byte')
  }
  return path.length === 1 ? `${path[0]}\0` : `${path.join('\0')}\0`
}

function checkPath(size: number, joined: string): void {
  if (size > metadataLimits.pathBytes) throw invalid(`A path is at most ${metadataLimits.pathBytes} bytes long`)
  if (size !== joined.length && loneSurrogate.test(joined)) throw invalid('A path is not well-formed text')
}

function checkPartition(partition: string): number {
  const size = Buffer.byteLength(partition)
  if (size === 0) throw invalid('A partition is not empty')
  if (size > metadataLimits.partitionBytes) throw invalid(`A partition is at most ${metadataLimits.partitionBytes} bytes long`)
  if (size !== partition.length && loneSurrogate.test(partition)) throw invalid('A partition is not well-formed text')
  return size
}
