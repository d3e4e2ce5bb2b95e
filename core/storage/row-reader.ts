import type { z } from 'zod'
import { internal, unavailable } from '../errors/registry-error.js'
import type { Entry } from './metadata-store.js'

/** A row as its schema says. One written by a newer version is `unavailable`, never guessed at; one that is broken is `internal`. */
export function readRow<T>(schema: z.ZodType<T>, entry: Entry): T {
  const parsed = schema.safeParse(entry.value)
  if (parsed.success) return parsed.data
  const { value } = entry
  const version = typeof value === 'object' && value !== null && 'v' in value ? value['v'] : undefined
  const where = entry.key.path.join(' ')
  if (typeof version === 'number' && version > 1) throw unavailable('Stored data is of a newer version', 60, { cause: where })
  throw internal(new Error(`Row cannot be read: ${where}`, { cause: parsed.error }))
}
