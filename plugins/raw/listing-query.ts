import { type FolderEntry, invalid, type ProtocolRequest } from '#core'

const pageLimit = { json: 1_000, page: 10_000, links: 10_000 } as const
/** JSON; a page for people with sizes and dates; or the bare list of links that wget, lftp and rclone read. */
export type Form = keyof typeof pageLimit

export const sortKeys = ['name', 'size', 'modified'] as const
export interface Sort {
  readonly by: (typeof sortKeys)[number]
  readonly descending: boolean
}

/** What is asked of a listing. */
export interface ListingQuery {
  readonly form: Form
  readonly limit: number
  /** Relative to the folder; may lie deeper only where `recursive`. */
  readonly after?: string
  readonly recursive: boolean
  readonly prefix: string
  /** Undefined: in the order of names, which alone goes on over pages. */
  readonly sort?: Sort
}

/** Throws `invalid` for what makes no sense. */
export function readListingQuery(request: Pick<ProtocolRequest, 'query' | 'header'>): ListingQuery {
  const { query } = request
  const form = formOf(request)
  const recursive = flag('recursive', query.get('recursive'))
  const prefix = (query.get('prefix') ?? '').normalize('NFC')
  if ((recursive || prefix !== '') && form !== 'json')
    throw invalid('recursive and prefix are for JSON listings: ask with format=json')
  const after = cursorName(query.get('cursor'), recursive)
  const sort = form === 'page' ? sortOf(query.get('sort')) : undefined
  return {
    ...{ form, recursive, prefix, limit: limitOf(query.get('limit'), pageLimit[form]) },
    ...(after === undefined ? {} : { after }),
    ...(sort === undefined ? {} : { sort }),
  }
}

/** `?format=` decides; else JSON only for those who like it better than HTML: aria2's and curl's wildcards get HTML. Sizes, dates and links that sort are for
 *  those who name `text/html`, as browsers do: a crawler would follow every such link. */
function formOf(request: Pick<ProtocolRequest, 'query' | 'header'>): Form {
  const asked = request.query.get('format')
  const accept = request.header('accept') ?? '*/*'
  const html = /(?:^|,)\s*text\/html\s*(?:[,;]|$)/i.test(accept) ? 'page' : 'links'
  if (asked === 'json') return 'json'
  if (asked === 'html') return html
  if (asked !== null) throw invalid("format is 'html' or 'json'")
  return quality(accept, 'application/json') > quality(accept, 'text/html') ? 'json' : html
}

/** The weight that an Accept header gives a type: its most specific range counts (RFC 9110 12.5.1). */
function quality(accept: string, type: string): number {
  const ranges = [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']
  let best = { rank: ranges.length, q: 0 }
  for (const member of accept.split(',')) {
    const [range = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase())
    const rank = ranges.indexOf(range)
    if (rank < 0 || rank >= best.rank) continue
    const q = Number.parseFloat(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1')
    best = { rank, q: Number.isNaN(q) ? 0 : q }
  }
  return best.q
}

function limitOf(value: string | null, highest: number): number {
  if (value === null) return highest
  const limit = /^\d{1,9}$/.test(value) ? Number(value) : 0
  if (limit < 1) throw invalid('limit is a whole number above 0')
  return Math.min(limit, highest)
}

/** `?name`, `?name=true`, `?name=false`. Throws `invalid`. */
export function flag(name: string, value: string | null): boolean {
  if (value === null || value === 'false') return false
  if (value === 'true' || value === '') return true
  throw invalid(`${name} is true or false`)
}

/** 'size', or '-size' from the largest on. */
function sortOf(value: string | null): Sort | undefined {
  if (value === null || value === 'name') return undefined
  const by = sortKeys.find((key) => value === key || value === `-${key}`)
  if (by === undefined) throw invalid("sort is 'name', 'size' or 'modified', with '-' before it the other way round")
  return { by, descending: value.startsWith('-') }
}

export function cursorAfter(entry: FolderEntry | undefined): string | undefined {
  return entry === undefined ? undefined : Buffer.from(entry.name, 'utf8').toString('base64url')
}
function cursorName(cursor: string | null, recursive: boolean): string | undefined {
  if (cursor === null) return undefined
  const name = Buffer.from(cursor, 'base64url').toString('utf8')
  const strange = name === '' || name.includes('\0') || (!recursive && name.includes('/')) || name.split('/').includes('')
  if (strange || Buffer.from(name, 'utf8').toString('base64url') !== cursor) throw invalid('cursor is not one of ours')
  return name
}
