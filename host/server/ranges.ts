import type { ByteRange } from '#core'

const tooMany = 16

/** What a Range header asks of `size` bytes (raw dossier 4): one range, none that exists, or, by undefined, everything: a header that is absent,
 *  malformed, of another unit, or names several ranges that exist. */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const list = header === undefined ? undefined : /^bytes=(.*)$/i.exec(header)?.[1]
  if (list === undefined) return undefined
  const specs = list.split(',', tooMany + 1).map((spec) => spec.trim())
  if (specs.length > tooMany) return undefined
  let found: ByteRange | undefined
  let seen = false
  for (const spec of specs) {
    if (spec === '') continue
    const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(spec) ?? []
    if (first === '' && last === '') return undefined
    if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
    seen = true
    const range = resolve(first, last, size)
    if (range === 'everything') return undefined
    if (range === undefined) continue
    if (found) return undefined
    found = range
  }
  if (!seen) return undefined
  return found ?? 'unsatisfiable'
}

/** Numbers of any length: beyond 2^53 they are merely large. */
function resolve(first: string, last: string, size: number): ByteRange | 'everything' | undefined {
  if (first === '') {
    const suffix = Number(last)
    if (suffix === 0) return undefined
    // Satisfiable by the RFC, but Content-Range cannot say it.
    if (size === 0) return 'everything'
    return { start: Math.max(0, size - suffix), end: size }
  }
  const start = Number(first)
  if (start >= size) return undefined
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}
