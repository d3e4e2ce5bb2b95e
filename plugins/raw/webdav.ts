import {
  addressBelow,
  conflict,
  empty,
  forbidden,
  invalid,
  methodNotAllowed,
  notFound,
  type ProtocolRequest,
  RegistryError,
  type Reply,
  type Repository,
  type RepositoryContext,
  type Route,
  repositoryRoute,
  stale,
  text,
  unsupported,
} from '#core'
import { copyFolder, removeFolder } from './folder-changes.js'
import { isFolder, markerKey } from './folders.js'
import { pathRules } from './path-rules.js'
import { refuseUnportable } from './portable-names.js'
import { holdFolderPreconditions, holdPreconditions } from './preconditions.js'
import { holdSidecar } from './sidecar.js'
import { hrefOf, propfind, proppatch, resourceAt } from './webdav-propfind.js'
import { hasBody } from './webdav-xml.js'

/** The subset of RFC 4918 that old wagons, cadaver, davfs2 and Windows need: class 1, without dead properties. */
const offered = ({ webdav }: Repository) => webdav === true
type Handle = (path: string, request: ProtocolRequest, context: RepositoryContext) => Promise<Reply>

async function makeFolder(path: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  if (hasBody(request)) throw unsupported('A folder is made without a body')
  refuseUnportable(path, context)
  if ((await resourceAt(path, context)) !== undefined) throw methodNotAllowed(['GET', 'HEAD', 'PROPFIND', 'OPTIONS'])
  await requireParent(path, context)
  try {
    await context
      .change()
      .putDocument([...markerKey(path)], {}, 'absent')
      .commit()
  } catch (thrown) {
    if (thrown instanceof RegistryError && thrown.kind === 'conflict')
      throw methodNotAllowed(['GET', 'HEAD', 'PROPFIND', 'OPTIONS'])
    throw thrown
  }
  return empty(201)
}

const copy: Handle = (path, request, context) => transfer(path, request, context, false)
const move: Handle = (path, request, context) => transfer(path, request, context, true)

async function transfer(path: string, request: ProtocolRequest, context: RepositoryContext, moves: boolean): Promise<Reply> {
  const depth = request.header('depth')?.trim().toLowerCase() ?? 'infinity'
  if (depth !== 'infinity' && (moves || depth !== '0')) throw invalid('Depth is infinity, or 0 for a copy')
  const to = destination(request, context)
  if (to !== undefined) refuseUnportable(to, context)
  if (to === undefined) return text(502, 'The destination is not in this repository\n')
  const [source, reached] = await Promise.all([resourceAt(path, context), context.reaching(to)])
  if (source === undefined) throw notFound('File or folder', path)
  if (source.kind === 'folder') holdFolderPreconditions((name) => request.header(name))
  if (to === path || `${to}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${to}/`))
    throw forbidden('Source and destination are the same, or one lies in the other')
  const standing = await resourceAt(to, reached)
  const keep = request.header('overwrite')?.trim().toUpperCase() === 'F'
  if (standing !== undefined && keep) throw stale('The destination exists, and Overwrite is F')
  await requireParent(to, reached)
  const able = standing === undefined && !moves ? reached : await reached.widen('artifacts.delete')
  if (source.kind === 'folder') {
    if (standing?.kind === 'file') await able.change().deleteArtifact(to).commit()
    await copyFolder(path, to, able, { move: moves, shallow: depth === '0' })
  } else {
    const held = holdPreconditions((name) => request.header(name), source.artifact)
    const { contentType } = source.artifact
    const blob = await able.reuse(source.artifact)
    await holdSidecar(to, blob, able)
    if (standing?.kind === 'folder') await removeFolder(to, able)
    const change = able.change()
    change.putArtifact(to, blob, {
      replace: true,
      ...(keep ? { if: 'absent' } : {}),
      ...(contentType === undefined ? {} : { contentType }),
    })
    if (moves)
      change.deleteArtifact(path, typeof held === 'object' ? { if: held } : { if: { sha256: source.artifact.digests.sha256 } })
    await change.commit()
  }
  const location = new URL(hrefOf({ path: to, kind: source.kind }, context), context.mountUrl).href
  return standing === undefined ? empty(201, { location }) : empty(204)
}

/** Undefined where it is in another repository, or on another host. */
function destination(request: ProtocolRequest, context: RepositoryContext): string | undefined {
  const header = request.header('destination')
  if (header === undefined) throw invalid('Destination is missing')
  const parsed = addressBelow(header.trim(), context.mountUrl, pathRules, 'PUT')
  if (parsed === undefined) return undefined
  if (parsed.segments.length === 0 || parsed.segments[0] === '-') throw forbidden('Nothing can be put there')
  return parsed.segments.join('/')
}

async function requireParent(path: string, context: RepositoryContext): Promise<void> {
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
  if (!(await isFolder(parent, context))) throw conflict(`There is no folder ${parent}/`)
}

const handlers = {
  PROPFIND: ['artifacts.read', propfind],
  PROPPATCH: ['artifacts.write', proppatch],
  MKCOL: ['artifacts.write', makeFolder],
  COPY: ['artifacts.write', copy],
  MOVE: ['artifacts.delete', move],
} as const

/** A folder is the same resource with and without its slash. */
export const webdavRoutes: readonly Route<RepositoryContext>[] = (['/', '/{path+}', '/{path+}/'] as const).flatMap((path) =>
  (Object.keys(handlers) as (keyof typeof handlers)[]).map((method) => {
    const [permission, handle] = handlers[method]
    return repositoryRoute({
      ...{ method, path, permission, offered },
      handle: (request: ProtocolRequest<{ readonly path?: string }>, context) =>
        handle(request.params.path ?? '', request as ProtocolRequest, context),
    })
  }),
)
