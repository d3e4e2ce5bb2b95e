import { type FolderEntry, type Headers, html, type ProtocolRequest, type Reply } from '#core'
import { encodeSegment } from './file-path.js'
import { type Sort, sortKeys } from './listing-query.js'
import { listingPolicy, listingStyle } from './listing-style.js'

export interface Page {
  readonly folder: string
  readonly entries: readonly FolderEntry[]
  /** Cursor of what comes behind. */
  readonly next: string | undefined
}

/** The form that wget -r, lftp and rclone were measured with: './' keeps 'a:b' from being read as a scheme, and no link leads back to the page itself. */
export function linkList({ folder, entries, next }: Page, request: Pick<ProtocolRequest, 'query'>): Reply {
  const lines = entries.map((entry) => `<li>${linkTo(entry)}</li>\n`)
  if (folder !== '') lines.unshift('<li><a href="../">../</a></li>\n')
  return document(folder, `<ul>\n${lines.join('')}</ul>${nextLink(next, request)}`)
}

/** For people: where they are, sizes, dates, and heads of columns that sort, all without script. */
export function table({ folder, entries, next }: Page, sort: Sort | undefined, request: Pick<ProtocolRequest, 'query'>): Reply {
  const sortable = next === undefined && !request.query.has('cursor')
  const heads = sortKeys.map(
    (key) => `<th scope="col"${key === 'size' ? ' class="n"' : ''}>${sortable ? head(key, sort) : labels[key]}</th>`,
  )
  const up = folder === '' ? '' : '<tr><td><a href="../">../</a></td><td></td><td></td></tr>\n'
  const rows = `<thead><tr>${heads.join('')}</tr></thead>\n<tbody>\n${up}${entries.map(line).join('')}</tbody>`
  const body = `<table>\n${rows}</table>\n<p>${extent(entries)}</p>${nextLink(next, request)}`
  return document(folder, body, {
    head: `<meta name="viewport" content="width=device-width"><style>${listingStyle}</style>`,
    heading: trail(folder),
    headers: { 'content-security-policy': listingPolicy },
  })
}

/** Each folder above as a link; relative, so that no address of ours has to be known. */
function trail(folder: string): string {
  if (folder === '') return 'Index of /'
  const names = ['', ...folder.split('/')]
  const links = names.map((name, at) => {
    const text = `${escapeHtml(name)}/`
    const depth = names.length - 1 - at
    return depth === 0 ? text : `<a href="${'../'.repeat(depth)}">${text}</a>`
  })
  return `Index of ${links.join('')}`
}

function extent(entries: readonly FolderEntry[]): string {
  if (entries.length === 0) return 'Nothing here yet'
  const files = entries.filter((entry) => entry.kind === 'file')
  const folders = entries.length - files.length
  const size = files.reduce((sum, { artifact }) => sum + artifact.size, 0)
  const counted = (count: number, word: string) => (count === 0 ? [] : [`${count} ${word}${count === 1 ? '' : 's'}`])
  return [...counted(folders, 'folder'), ...counted(files.length, 'file'), ...(files.length > 0 ? [sizeText(size)] : [])].join(
    ', ',
  )
}

const labels = { name: 'Name', size: 'Size', modified: 'Modified' } as const

/** The other way round where it is sorted by this already. */
function head(key: keyof typeof labels, sort: Sort | undefined): string {
  const current = sort ?? { by: 'name', descending: false }
  const mine = current.by === key
  const descending = mine && !current.descending
  const arrow = mine ? (current.descending ? ' ▼' : ' ▲') : ''
  return `<a rel="nofollow" href="?sort=${descending ? '-' : ''}${key}">${labels[key]}${arrow}</a>`
}

function line(entry: FolderEntry): string {
  if (entry.kind === 'folder') return `<tr><td>${linkTo(entry)}</td><td></td><td></td></tr>\n`
  const { size, modified } = entry.artifact
  const date = modified.toISOString()
  const when = `<time datetime="${date}">${date.slice(0, 19).replace('T', ' ')} UTC</time>`
  return `<tr><td>${linkTo(entry)}</td><td class="n" title="${size} bytes">${sizeText(size)}</td><td>${when}</td></tr>\n`
}

/** Three digits and a binary unit. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit]}`
}

/** Entries in the order that is asked for, folders first wherever it is not by name. */
export function sorted(entries: readonly FolderEntry[], { by, descending }: Sort): readonly FolderEntry[] {
  if (by === 'name') return descending ? entries.toReversed() : entries
  const weigh = (entry: FolderEntry) => {
    if (entry.kind === 'folder') return -1
    return by === 'size' ? entry.artifact.size : entry.artifact.modified.getTime()
  }
  const sign = descending ? -1 : 1
  return entries.toSorted((a, b) => {
    if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1
    return sign * (weigh(a) - weigh(b))
  })
}

interface Dress {
  readonly head: string
  /** Instead of the title. */
  readonly heading: string
  readonly headers: Headers
}

function document(folder: string, body: string, dress?: Dress): Reply {
  const title = `Index of ${escapeHtml(folder === '' ? '/' : `/${folder}/`)}`
  const { head: more = '', heading = title, headers = {} } = dress ?? {}
  return html(
    200,
    `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title>${more}</head><body><h1>${heading}</h1>\n${body}</body></html>\n`,
    headers,
  )
}

function linkTo({ kind, name }: FolderEntry): string {
  const slash = kind === 'folder' ? '/' : ''
  return `<a href="./${encodeSegment(name)}${slash}">${escapeHtml(name)}${slash}</a>`
}

/** The same question about what comes behind. */
function nextLink(cursor: string | undefined, request: Pick<ProtocolRequest, 'query'>): string {
  if (cursor === undefined) return ''
  const query = new URLSearchParams({ cursor })
  for (const name of ['format', 'limit']) {
    const value = request.query.get(name)
    if (value !== null) query.set(name, value)
  }
  return `\n<p><a href="${escapeHtml(`?${query}`)}">next</a></p>\n`
}

function escapeHtml(value: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
