/** Byte order of UTF-8, the order of every list; JavaScript's own order differs beyond U+FFFF. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
