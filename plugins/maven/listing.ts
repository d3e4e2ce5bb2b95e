import {
  type DocumentReader,
  type FolderEntry,
  html,
  invalid,
  notFound,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  redirect,
  repositoryRoute,
} from '#core'
import { cacheControl } from './caching.js'
import { type CommittedBuild, keys, openList } from './deployment.js'
import { metadataName, parseMavenPath } from './layout.js'
import { hasMetadata } from './metadata-index.js'

/** Ivy and coursier read versions off one page and follow no link to a second: the limit is beyond what any artifact has. */
const mostEntries = 20_000

export const listRoot = repositoryRoute({
  method: 'GET',
  path: '/',
  permission: 'artifacts.read',
  async handle(request, context) {
    return request.path === '' ? toSlash(context.mountUrl.pathname.replace(/\/$/, '')) : list('', request, context)
  },
})
export const listFolder = repositoryRoute({
  method: 'GET',
  path: '/{path+}/',
  permission: 'artifacts.read',
  handle: (request, context) => list(request.params.path, request, context),
})

/** A folder without its slash leads to the folder, if there is one; undefined otherwise. */
export async function toFolder(context: RepositoryContext, path: string): Promise<Reply | undefined> {
  for await (const _ of visible(context, path)) return toSlash(encodeName(path.slice(path.lastIndexOf('/') + 1)))
  return undefined
}
/** `path`: encoded. Relative, so that it holds behind whatever stands in front. */
function toSlash(path: string): Reply {
  return redirect(302, `./${path.slice(path.lastIndexOf('/') + 1)}/`)
}

/** What is published in a folder: in the form that Ivy, Gradle and coursier read, each link's text equal to its decoded address. */
async function list(folder: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const limit = limitOf(request.query.get('limit'))
  const after = request.query.get('after') ?? undefined
  const names: string[] = []
  for await (const { kind, name } of visible(context, folder, after)) {
    names.push(kind === 'folder' ? `${name}/` : name)
    if (names.length > limit) break
  }
  const metadata = after === undefined && (await hasMetadata(context.documents, folder))
  if (names.length === 0 && !metadata && after === undefined && folder !== '') throw notFound('folder', `${folder}/`)
  const page = [...(metadata ? [metadataName] : []), ...names.slice(0, limit)]
  const last = names.length > limit ? names[limit - 1]?.replace(/\/$/, '') : undefined
  const title = `Index of /${escapeHtml(folder)}`
  const lines = [...(folder === '' ? [] : ['../']), ...page].map(
    (name) => `<a href="${encodeName(name)}" rel="nofollow">${escapeHtml(name)}</a>\n`,
  )
  const next =
    last === undefined ? '' : `<a href="?after=${encodeURIComponent(last)}&amp;limit=${limit}" rel="nofollow">next page</a>\n`
  const text = `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>\n<pre>\n${lines.join('')}</pre>\n${next}</body></html>\n`
  return html(200, text, { 'cache-control': cacheControl(context, false) })
}

/** Entries of a folder without what is not published yet: an open deployment can be read by its exact path alone. */
async function* visible(context: RepositoryContext, folder: string, after?: string): AsyncIterable<FolderEntry> {
  const { documents, artifacts, repository } = context
  const hosted = repository.kind === 'hosted'
  let open: ReadonlySet<string> | undefined
  let ofVersions: boolean | undefined
  const published = new Map<string, ReadonlySet<string>>()
  for await (const entry of artifacts.list(folder, after === undefined ? {} : { after })) {
    if (entry.kind === 'folder') {
      open ??= hosted ? await unpublishedVersions(documents, folder) : new Set()
      if (open.has(entry.name)) continue
      ofVersions ??= !hosted || (await hasVersions(documents, folder))
      // Beside published versions there may be thousands of them; a group is asked for what can be seen in it.
      if (ofVersions || (await hasVisible(context, folder === '' ? entry.name : `${folder}/${entry.name}`))) yield entry
      continue
    }
    const parsed = parseMavenPath(entry.artifact.path)
    if (hosted && parsed.kind === 'artifact') {
      const files = published.get(parsed.build) ?? (await filesOf(documents, keys.build(parsed.folder, parsed.build)))
      published.set(parsed.build, files)
      if (!files.has(entry.name)) continue
    }
    yield entry
  }
}

async function hasVersions(documents: DocumentReader, folder: string): Promise<boolean> {
  for await (const _ of documents.list([folder, 'version'], { limit: 1 })) return true
  return false
}
async function hasVisible(context: RepositoryContext, folder: string): Promise<boolean> {
  for await (const _ of visible(context, folder)) return true
  return hasMetadata(context.documents, folder)
}

async function unpublishedVersions(documents: DocumentReader, folder: string): Promise<ReadonlySet<string>> {
  const open = new Set<string>()
  for await (const { key } of documents.list([openList(folder)])) if (key[1] !== undefined) open.add(key[1])
  for (const version of open) if (await documents.find([folder, 'version', version])) open.delete(version)
  return open
}

async function filesOf(documents: DocumentReader, key: ReturnType<typeof keys.build>): Promise<ReadonlySet<string>> {
  const build = (await documents.find(key))?.value as unknown as CommittedBuild | undefined
  return new Set(build?.files ?? [])
}

function limitOf(value: string | null): number {
  if (value === null) return mostEntries
  const limit = /^\d{1,9}$/.test(value) ? Number(value) : 0
  if (limit < 1) throw invalid('limit is a whole number above 0')
  return Math.min(limit, mostEntries)
}

/** Ivy compares a link's text with its address as it stands: what needs no escape is not escaped. */
function encodeName(name: string): string {
  return encodeURIComponent(name)
    .replaceAll(/%(?:2B|40|3D|24|2C|2F)/g, decodeURIComponent)
    .replaceAll("'", '%27')
}
function escapeHtml(value: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
