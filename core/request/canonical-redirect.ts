import { encodePath, type ParsedPath } from '../plugin/path-grammar.js'
import { type Reply, redirect } from './reply.js'

/** 301 to the one address of a path: built from parsed and encoded segments below the mount's public address, so that nothing of the client's text can
 *  lead elsewhere. The query is kept, encoded anew. */
export function canonicalRedirect(path: ParsedPath, mountUrl: URL, query: URLSearchParams): Reply {
  const base = mountUrl.href.replace(/\/$/, '')
  const search = query.size > 0 ? `?${query.toString()}` : ''
  return redirect(301, `${base}${encodePath(path)}${search}`)
}
