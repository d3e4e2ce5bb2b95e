import { createHash } from 'node:crypto'
import {
  type FolderEntry,
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
import { toSlashForm } from './file-path.js'
import { filesBelow, folderEntries, isFolder } from './folders.js'
import { linkList, type Page, sorted, table } from './listing-page.js'
import { cursorAfter, type Form, type ListingQuery, readListingQuery } from './listing-query.js'
import { etagOf } from './preconditions.js'
import { serveFile } from './served-file.js'

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
  const query = readListingQuery(request)
  const index = await indexPage(folder, query.form, request, context)
  if (index !== undefined) return index
  const entries: FolderEntry[] = []
  for await (const entry of select(folder, query, context)) if (entries.push(entry) > query.limit) break
  // An empty repository has a root.
  if (entries.length === 0 && !(await isFolder(folder, context))) throw notFound('Folder', `${folder}/`)
  const more = entries.length > query.limit
  if (more && query.sort !== undefined)
    throw invalid('This folder has too many entries to be sorted; ask for them with format=json')
  const next = more ? cursorAfter(entries[query.limit - 1]) : undefined
  const page = { folder, entries: entries.slice(0, query.limit), next }
  return tagged(render(page, query, request))
}

/** The page that a folder shows in place of its listing, where the repository wants it; `?format=` and JSON still get the listing. */
async function indexPage(folder: string, form: Form, request: ProtocolRequest, context: RepositoryContext) {
  if (context.repository.indexPages !== true || form === 'json' || request.query.has('format')) return undefined
  const artifact = await context.artifacts.find(join(folder, 'index.html'))
  return artifact && serveFile(artifact, request, context)
}

/** Entries from the cursor on, of those that begin as asked. */
async function* select(
  folder: string,
  { after, recursive, prefix }: ListingQuery,
  context: RepositoryContext,
): AsyncGenerator<FolderEntry> {
  const cut = prefix.lastIndexOf('/')
  const base = prefix.slice(0, cut + 1)
  const name = prefix.slice(cut + 1)
  const inBase = join(folder, base)
  const from = after?.startsWith(base) === true ? after.slice(base.length) : undefined
  const start = from ?? justBefore(name)
  const found = recursive
    ? filesBelow(inBase, context, start === undefined ? [] : start.split('/'))
    : folderEntries(inBase, context, start === undefined ? {} : { after: start })
  for await (const entry of found) {
    if (entry.name.startsWith(name)) yield { ...entry, name: base + entry.name }
    else if (Buffer.compare(Buffer.from(entry.name), Buffer.from(name)) > 0) return
  }
}

/** A name behind which everything that begins with `prefix` lies, and next to nothing else. */
function justBefore(prefix: string): string | undefined {
  const last = [...prefix].at(-1)?.codePointAt(0)
  if (last === undefined || last <= 1) return undefined
  // No text holds half of a pair.
  const below = last === 0xe000 ? 0xd7ff : last - 1
  return `${[...prefix].slice(0, -1).join('')}${String.fromCodePoint(below)}\u{10ffff}`
}

function join(folder: string, base: string): string {
  return [folder, base.replace(/\/$/, '')].filter((part) => part !== '').join('/')
}

function render(page: Page, { form, sort }: ListingQuery, request: ProtocolRequest): Reply {
  if (form === 'json') return asJson(page)
  if (form === 'links') return linkList(page, request)
  return table(sort === undefined ? page : { ...page, entries: sorted(page.entries, sort) }, sort, request)
}

function asJson({ folder, entries, next }: Page): Reply {
  const path = folder === '' ? '' : `${folder}/`
  return json(200, { path, entries: entries.map(described), next: next ?? null })
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

function tagged(reply: Reply): Reply {
  if (!(reply.body instanceof Uint8Array)) throw new TypeError('a page is made in memory')
  const tag = createHash('sha256').update(reply.body).digest('hex').slice(0, 32)
  return { ...reply, headers: { ...reply.headers, vary: 'Accept' }, etag: `W/"${tag}"` }
}
