/** What a representation is compared by. */
export interface Validators {
  /** With quotes, and `W/` where weak. */
  readonly etag?: string
  readonly modified?: Date
}
type Headers = Readonly<Record<string, string | string[] | undefined>>

/** RFC 9110 section 13.2.2 for GET and HEAD of something that exists: undefined lets the answer go on. `now`: in milliseconds. */
export function evaluateConditions(headers: Headers, { etag, modified }: Validators, now: number): 304 | 412 | undefined {
  const ifMatch = one(headers['if-match'])
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag, strong)) return 412
  } else {
    const unmodifiedSince = parseHttpDate(one(headers['if-unmodified-since']))
    if (unmodifiedSince !== undefined && modified && seconds(modified.getTime()) > unmodifiedSince) return 412
  }
  const ifNoneMatch = one(headers['if-none-match'])
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, etag, weak) ? 304 : undefined
  const modifiedSince = parseHttpDate(one(headers['if-modified-since']))
  if (modifiedSince === undefined || modified === undefined) return undefined
  const changed = seconds(modified.getTime())
  // A clock that is ahead, as of the file that `curl -z` compares with, must not hide what changes until it is reached.
  if (modifiedSince > now && modifiedSince !== changed) return undefined
  return changed <= modifiedSince ? 304 : undefined
}

/** May the Range be answered? A weak tag never; a date only where it is the exact one and a second old already (RFC 9110 section 13.1.5). */
export function ifRangeHolds(header: string | undefined, { etag, modified }: Validators, now: number): boolean {
  if (header === undefined) return true
  if (header.startsWith('"') || header.startsWith('W/')) return strong(header.trim(), etag)
  const date = parseHttpDate(header)
  return date !== undefined && modified !== undefined && seconds(modified.getTime()) === date && now - modified.getTime() >= 1000
}

type Comparison = (candidate: string, etag: string | undefined) => boolean
const strong: Comparison = (candidate, etag) => candidate === etag && !candidate.startsWith('W/')
const weak: Comparison = (candidate, etag) => etag !== undefined && opaque(candidate) === opaque(etag)
const opaque = (etag: string) => (etag.startsWith('W/') ? etag.slice(2) : etag)

const member = /[\t ]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?:,|$)/y

/** A list that does not parse matches nothing: If-Match then refuses, If-None-Match then serves. */
function matches(list: string, etag: string | undefined, comparison: Comparison): boolean {
  if (list.trim() === '*') return true
  let found = false
  member.lastIndex = 0
  while (member.lastIndex < list.length) {
    const candidate = member.exec(list)?.[1]
    if (candidate === undefined) return false
    found ||= comparison(candidate, etag)
  }
  return found
}

const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:[a-z]*day)?,? (?:\d{2} [A-Z][a-z]{2} \d{4}|\d{2}-[A-Z][a-z]{2}-\d{2}|[A-Z][a-z]{2} [ \d]\d) \d{2}:\d{2}:\d{2}(?: GMT| \d{4})$/

/** Milliseconds of a whole second; undefined where the text is none of the three forms of RFC 9110 section 5.6.7. */
export function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || !httpDate.test(text)) return undefined
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(time) ? undefined : time
}

const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000) * 1000
const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(', ') : value)
