import { z } from 'zod'
import { invalid } from '../errors/registry-error.js'
import type { JsonObject } from '../runtime/json.js'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import type { Group } from './directory.js'
import { loginKey } from './member-rows.js'

const v = z.literal(1)
const moment = z.iso.datetime()
const headRow = z.object({
  v,
  id: z.string(),
  name: z.string(),
  createdAt: moment,
  changedAt: moment,
  count: z.number(),
  provisioned: z.exactOptional(z.literal(true)),
  profile: z.exactOptional(z.custom<JsonObject>((value) => typeof value === 'object' && value !== null)),
  lookup: z.exactOptional(z.array(z.string())),
})
const chunkRow = z.object({ v, members: z.array(z.string()) })
const groupNameRow = z.object({ v, group: z.string() })

/** Chunk 0 is the group itself, its members lie from 1 on. */
export const headChunk = 0
export const idsPerChunk = 2_000
/** So that the change of all of a group fits into one commit, in mutations and in bytes. */
export const chunksPerGroup = 50

export function readGroup(entry: Entry): Group {
  const { v: _, createdAt, changedAt, count, ...rest } = readRow(headRow, entry)
  const times = { createdAt: new Date(createdAt), changedAt: new Date(changedAt) }
  return { ...rest, ...times, revision: entry.revision, memberCount: count }
}
export function groupValue({ id, name, createdAt, changedAt, memberCount, ...rest }: Omit<Group, 'revision'>) {
  const { provisioned, profile, lookup = [] } = rest
  return {
    v: 1,
    id,
    name,
    createdAt: createdAt.toISOString(),
    changedAt: changedAt.toISOString(),
    count: memberCount,
    ...(provisioned === undefined ? {} : { provisioned }),
    ...(profile === undefined ? {} : { profile }),
    ...(lookup.length === 0 ? {} : { lookup: [...lookup] }),
  }
}
export function readChunk(entry: Entry): readonly string[] {
  return readRow(chunkRow, entry).members
}
export function readGroupName(entry: Entry): string {
  return readRow(groupNameRow, entry).group
}
/** Of a row under `group {id} {chunk}`. */
export function chunkOf(entry: Entry): { readonly group: string; readonly chunk: number } {
  const [, group = '', chunk = '0'] = entry.key.path
  return { group, chunk: Number(chunk) }
}

export function checkedGroupName(name: string): string {
  const text = name.normalize('NFC')
  if (/^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u.test(text) && Buffer.byteLength(loginKey(text)) <= 400) return text
  throw invalid('A group name has 1 to 400 bytes of printing characters, and no space at its ends')
}
