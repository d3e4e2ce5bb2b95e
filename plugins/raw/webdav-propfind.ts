import { type Artifact, type FolderEntry, notFound, type ProtocolRequest, type Reply, type RepositoryContext } from '#core'
import { servedType } from './content-type.js'
import { encodePath } from './file-path.js'
import { folderEntries, isFolder } from './folders.js'
import { etagOf } from './preconditions.js'
import {
  davError,
  emptyElement,
  escapeXml,
  failedResponse,
  multistatus,
  type PropertyName,
  type PropertyStatus,
  readPropfind,
  readProppatch,
  response,
  type Wanted,
} from './webdav-xml.js'

/** WebDAV has no pages: so many members are told, and that there are more (RFC 6578 3.6). */
const membersAtMost = 10_000

/** A file or a folder ('' is the root). */
export type Resource = { readonly path: string } & (
  | { readonly kind: 'file'; readonly artifact: Artifact }
  | { readonly kind: 'folder' }
)

/** What stands under a path, with or without a slash at its end; undefined where nothing does. */
export async function resourceAt(path: string, context: RepositoryContext): Promise<Resource | undefined> {
  const artifact = path === '' ? undefined : await context.artifacts.find(path)
  if (artifact !== undefined) return { kind: 'file', path, artifact }
  return (await isFolder(path, context)) ? { kind: 'folder', path } : undefined
}

export async function propfind(path: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const depth = request.header('depth')?.trim() ?? 'infinity'
  if (depth !== '0' && depth !== '1') return davError(403, 'propfind-finite-depth')
  const wanted = await readPropfind(request)
  const resource = await resourceAt(path, context)
  if (resource === undefined) throw notFound('File or folder', path)
  const responses = [described(resource, wanted, context)]
  if (depth === '1' && resource.kind === 'folder') {
    for await (const entry of folderEntries(path, context, { limit: membersAtMost + 1 })) {
      if (responses.length > membersAtMost) {
        responses.push(failedResponse(hrefOf(resource, context), '507 Insufficient Storage', 'number-of-matches-within-limits'))
        break
      }
      responses.push(described(memberOf(path, entry), wanted, context))
    }
  }
  return multistatus(responses)
}

/** Nothing can be changed: Windows asks all the same, and is content with being told so of each property. */
export async function proppatch(path: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const names = await readProppatch(request)
  const resource = await resourceAt(path, context)
  if (resource === undefined) throw notFound('File or folder', path)
  const refused = { status: '403 Forbidden', properties: names.map(emptyElement), error: 'cannot-modify-protected-property' }
  return multistatus([response(hrefOf(resource, context), [refused])])
}

function memberOf(folder: string, entry: FolderEntry): Resource {
  const path = folder === '' ? entry.name : `${folder}/${entry.name}`
  return entry.kind === 'file' ? { kind: 'file', path, artifact: entry.artifact } : { kind: 'folder', path }
}

export function hrefOf(
  { path, kind }: Pick<Resource, 'path' | 'kind'>,
  { mountUrl }: Pick<RepositoryContext, 'mountUrl'>,
): string {
  return `${mountUrl.pathname}${path === '' ? '' : encodePath(path)}${kind === 'folder' && path !== '' ? '/' : ''}`
}

function described(resource: Resource, wanted: Wanted, context: RepositoryContext): string {
  const known = propertiesOf(resource)
  const href = hrefOf(resource, context)
  const ok = (properties: readonly string[]): PropertyStatus => ({ status: '200 OK', properties })
  if (wanted === undefined) return response(href, [ok([...known].map(([name, value]) => element(name, value)))])
  if (wanted === 'names') return response(href, [ok([...known.keys()].map((name) => `<D:${name}/>`))])
  const has = ({ namespace, name }: PropertyName) => namespace === 'DAV:' && known.has(name)
  const found = wanted.filter(has).map(({ name }) => element(name, known.get(name) ?? ''))
  const missing = wanted.filter((property) => !has(property)).map(emptyElement)
  return response(href, [ok(found), { status: '404 Not Found', properties: missing }])
}

/** By local name, in DAV:, as XML. */
function propertiesOf(resource: Resource): ReadonlyMap<string, string> {
  const name = escapeXml(resource.path.slice(resource.path.lastIndexOf('/') + 1))
  if (resource.kind === 'folder') {
    return new Map([
      ['resourcetype', '<D:collection/>'],
      ['displayname', name],
    ])
  }
  const { artifact } = resource
  return new Map([
    ['resourcetype', ''],
    ['displayname', name],
    ['getcontentlength', String(artifact.size)],
    ['getcontenttype', escapeXml(servedType(artifact))],
    ['getetag', escapeXml(etagOf(artifact.digests.sha256))],
    ['getlastmodified', artifact.modified.toUTCString()],
    ['creationdate', artifact.modified.toISOString()],
  ])
}
function element(name: string, value: string): string {
  return value === '' ? `<D:${name}/>` : `<D:${name}>${value}</D:${name}>`
}
