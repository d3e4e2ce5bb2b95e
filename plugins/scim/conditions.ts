import { type ProtocolRequest, stale } from '#core'
import { entityTag } from './user-resource.js'

/** RFC 7644 section 3.14: tags are compared weakly; lists and `*` are allowed. Throws `stale`, which is 412. */
export function holdIfMatch(request: Pick<ProtocolRequest, 'header'>, revision: string): void {
  const header = request.header('if-match')
  if (header !== undefined && !namesTag(header, revision))
    throw stale('The resource has changed since, or is another one than If-Match names')
}

/** Does `If-None-Match` name this revision? */
export function isNotModified(request: Pick<ProtocolRequest, 'header'>, revision: string): boolean {
  const header = request.header('if-none-match')
  return header !== undefined && namesTag(header, revision)
}

function namesTag(header: string, revision: string): boolean {
  const wanted = opaque(entityTag(revision))
  return header.split(',').some((part) => part.trim() === '*' || opaque(part.trim()) === wanted)
}

/** A client that sends the bare text of `meta.version` without its quotes means the same. */
function opaque(tag: string): string {
  return tag.replace(/^W\//i, '').replace(/^"|"$/g, '')
}
