import { invalid } from '#core'

/** `?1` or `?0` (RFC 9651 3.3.6), parameters dropped; undefined where the header is absent. Throws `invalid`. */
export function booleanField(name: string, value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined
  const digit = /^\?([01])(?:[ ]*;.*)?$/.exec(value.trim())?.[1]
  if (digit === undefined) throw invalid(`${name} is ?1 or ?0`)
  return digit === '1'
}

/** A count of bytes: an integer of at most 15 digits (RFC 9651 3.3.1), parameters dropped. Throws `invalid`. */
export function sizeField(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const digits = /^(\d{1,15})(?:[ ]*;.*)?$/.exec(value.trim())?.[1]
  if (digits === undefined) throw invalid(`${name} is a whole number of bytes`)
  return Number(digits)
}
