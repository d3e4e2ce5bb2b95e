import { invalid } from '#core'

/** One row of a wheel's RECORD: what it claims of a member. */
export interface RecordRow {
  /** URL-safe base64 without padding; undefined where the row names another algorithm, or none. */
  readonly sha256?: string
  readonly size?: number
}

/** RECORD is CSV: path, '{algorithm}={digest}', size. Throws `invalid` where it is none, or names a path twice. */
export function parseRecord(content: string): ReadonlyMap<string, RecordRow> {
  const rows = new Map<string, RecordRow>()
  for (const fields of parseCsv(content)) {
    const [path = '', hash = '', size = ''] = fields
    if (fields.length === 1 && path === '') continue
    if (fields.length !== 3 || path === '') throw malformed('a row has not three fields')
    if (rows.has(path)) throw malformed(`it lists ${path} twice`)
    if (size !== '' && !/^[0-9]{1,15}$/.test(size)) throw malformed(`the size of ${path} is no number`)
    rows.set(path, {
      ...(hash.startsWith('sha256=') ? { sha256: withoutPadding(hash.slice('sha256='.length)) } : {}),
      ...(size === '' ? {} : { size: Number(size) }),
    })
  }
  return rows
}

function withoutPadding(base64: string): string {
  return /^[^=]*(?==*$)/.exec(base64)?.[0] ?? base64
}

/** RFC 4180: quoted fields, doubled quotes inside them, line ends of either kind. */
function* parseCsv(content: string): Generator<readonly string[]> {
  let fields: string[] = []
  for (let at = 0; at < content.length; ) {
    const { value, next } = content[at] === '"' ? quotedField(content, at) : plainField(content, at)
    fields.push(value)
    if (content[next] === ',') {
      at = next + 1
      if (at === content.length) fields.push('')
      continue
    }
    if (next < content.length && content[next] !== '\n' && content[next] !== '\r')
      throw malformed('a quoted field goes on behind its end')
    yield fields
    fields = []
    at = content[next] === '\r' && content[next + 1] === '\n' ? next + 2 : next + 1
  }
  if (fields.length > 0) yield fields
}

function plainField(content: string, start: number): { readonly value: string; readonly next: number } {
  let next = start
  while (next < content.length && content[next] !== ',' && content[next] !== '\n' && content[next] !== '\r') next++
  return { value: content.slice(start, next), next }
}

function quotedField(content: string, start: number): { readonly value: string; readonly next: number } {
  for (let from = start + 1; ; ) {
    const quote = content.indexOf('"', from)
    if (quote < 0) throw malformed('a quoted field does not end')
    if (content[quote + 1] !== '"') return { value: content.slice(start + 1, quote).replaceAll('""', '"'), next: quote + 1 }
    from = quote + 2
  }
}

function malformed(why: string) {
  return invalid(`Invalid distribution file. Malformed RECORD: ${why}`)
}
