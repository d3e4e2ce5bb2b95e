import { createHash } from 'node:crypto'
import {
  type FolderEntry,
  html,
  invalid,
  type Json,
  json,
  notFound,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  repositoryRoute,
} from '#core'
import { servedType } from './content-type.js'
import { encodeSegment, toSlashForm } from './file-path.js'
import { etagOf } from './preconditions.js'

const pageLimit = { html: 10_000, json: 1_000 } as const
type Form = keyof typeof pageLimit

export const listRoot = repositoryRoute({
  method: 'GET',
  path: '/',
  permission: 'artifacts.read',
  async handle(request, context) {
    return request.path === '' ? toSlashForm('', request, context) : list('', request, context)
  },
})

export const listFolder = repositoryRoute({
  method: 'GET',
  path: '/{path+}/',
  permission: 'artifacts.read',
  handle: (request, context) => list(request.params.path, request, context),
})

/** One page of a folder in byte order. The cursor is the last name of the page before, so that writes meanwhile move nothing. */
async function list(folder: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const form = formOf(request)
  const limit = limitOf(request.query.get('limit'), pageLimit[form])
  const after = cursorName(request.query.get('cursor'))

  const entries: FolderEntry[] = []
  for await (const entry of context.artifacts.list(folder, { limit: limit + 1, ...(after === undefined ? {} : { after }) })) {
    entries.push(entry)
  }
  // An empty repository has a root; any other folder exists through its files alone.
  if (entries.length === 0 && after === undefined && folder !== '') throw notFound('Folder', `${folder}/`)
  const next = entries.length > limit ? cursorAfter(entries[limit - 1]) : undefined
  const page = entries.slice(0, limit)

  const reply = form === 'json' ? asJson(folder, page, next) : asHtml(folder, page, next && nextPage(request, next))
  const tag = createHash('sha256').update(reply.body).digest('hex').slice(0, 32)
  return { ...reply, headers: { ...reply.headers, vary: 'Accept' }, etag: `W/"${tag}"` }
}

function asJson(folder: string, page: readonly FolderEntry[], next: string | undefined) {
  const path = folder === '' ? '' : `${folder}/`
  return withBody(json(200, { path, entries: page.map(described), next: next ?? null }))
}
function described(entry: FolderEntry): Json {
  if (entry.kind === 'folder') return { name: entry.name, type: 'directory' }
  const { artifact } = entry
  return {
    name: entry.name,
    type: 'file',
    size: artifact.size,
    modified: artifact.modified.toISOString(),
    etag: etagOf(artifact.digests.sha256),
    sha256: artifact.digests.sha256,
    contentType: servedType(artifact),
  }
}

/** The form that wget -r, lftp and rclone were measured with (raw dossier 6): './' keeps 'a:b' from being read as a scheme. */
function asHtml(folder: string, page: readonly FolderEntry[], next: string | undefined) {
  const title = `Index of ${escapeHtml(folder === '' ? '/' : `/${folder}/`)}`
  const lines = page.map(({ kind, name }) => {
    const slash = kind === 'folder' ? '/' : ''
    return `<li><a href="./${encodeSegment(name)}${slash}">${escapeHtml(name)}${slash}</a></li>\n`
  })
  if (folder !== '') lines.unshift('<li><a href="../">../</a></li>\n')
  const more = next === undefined ? '' : `\n<p><a href="${escapeHtml(next)}">next</a></p>\n`
  return withBody(
    html(
      200,
      `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>\n` +
        `<ul>\n${lines.join('')}</ul>${more}</body></html>\n`,
    ),
  )
}
/** The same question about what comes behind. */
function nextPage(request: ProtocolRequest, cursor: string): string {
  const query = new URLSearchParams({ cursor })
  for (const name of ['format', 'limit']) {
    const value = request.query.get(name)
    if (value !== null) query.set(name, value)
  }
  return `?${query}`
}
function escapeHtml(value: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}

function withBody(reply: Reply): Reply & { readonly body: Uint8Array } {
  if (!(reply.body instanceof Uint8Array)) throw new TypeError('a page is made in memory')
  return { ...reply, body: reply.body }
}

/** `?format=` decides; else JSON only for those who like it better than HTML: aria2's and curl's wildcards get HTML. */
function formOf(request: ProtocolRequest): Form {
  const asked = request.query.get('format')
  if (asked === 'html' || asked === 'json') return asked
  if (asked !== null) throw invalid("format is 'html' or 'json'")
  const accept = request.header('accept')
  if (accept === undefined) return 'html'
  return quality(accept, 'application/json') > quality(accept, 'text/html') ? 'json' : 'html'
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

function cursorAfter(entry: FolderEntry | undefined): string | undefined {
  return entry === undefined ? undefined : Buffer.from(entry.name, 'utf8').toString('base64url')
}
function cursorName(cursor: string | null): string | undefined {
  if (cursor === null) return undefined
  const name = Buffer.from(cursor, 'base64url').toString('utf8')
  const ours = name !== '' && !/[/\0]/.test(name) && Buffer.from(name, 'utf8').toString('base64url') === cursor
  if (!ours) throw invalid('cursor is not one of ours')
  return name
}
