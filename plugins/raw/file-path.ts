import { type ProtocolRequest, type Reply, type RepositoryContext, redirect } from '#core'

/** The canonical path as it stands in an address: each segment encoded on its own, `'` too, so that it may stand in HTML and in headers. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeSegment).join('/')
}
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll("'", '%27')
}

/** Every folder above a file, the nearest last: 'a/b/c' has 'a' and 'a/b'. */
export function foldersAbove(path: string): readonly string[] {
  const segments = path.split('/')
  return segments.slice(1).map((_, depth) => segments.slice(0, depth + 1).join('/'))
}

/** 301 to a folder's own address ('' is the root), from which its relative links lead where they should. The query is kept, encoded anew. */
export function toSlashForm(
  folder: string,
  request: Pick<ProtocolRequest, 'query'>,
  context: Pick<RepositoryContext, 'mountUrl'>,
): Reply {
  const query = request.query.toString()
  const path = folder === '' ? '' : `${encodePath(folder)}/`
  return redirect(301, `${context.mountUrl.href}${path}${query === '' ? '' : `?${query}`}`)
}
