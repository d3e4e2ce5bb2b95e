import { invalid, type ProtocolRequest, type Reply, readXml, type XmlElement } from '#core'

const dav = 'DAV:'
const limits = { bytes: 64 * 1024, nodes: 5_000 }

/** A property by its namespace and local name. */
export interface PropertyName {
  readonly namespace: string
  readonly name: string
}
/** What a PROPFIND asks for; undefined: everything there is. */
export type Wanted = 'names' | readonly PropertyName[] | undefined

/** RFC 4918 9.1: no body asks for everything. Throws `invalid`, `too-large`. */
export async function readPropfind(request: Pick<ProtocolRequest, 'header' | 'body'>): Promise<Wanted> {
  if (!hasBody(request)) return undefined
  const root = await readXml(request.body, 'propfind', { allprop: true, propname: true, prop: { '*': true } }, { limits })
  inDav(root)
  const [asked, ...more] = root.children
  if (asked === undefined || more.length > 0) throw invalid('A propfind asks for allprop, propname or prop')
  if (asked.name === 'allprop') return undefined
  return asked.name === 'propname' ? 'names' : asked.children.map(nameOf)
}

/** The properties that a PROPPATCH would set or remove. */
export async function readProppatch(request: Pick<ProtocolRequest, 'header' | 'body'>): Promise<readonly PropertyName[]> {
  const part = { prop: { '*': true } } as const
  const root = await readXml(request.body, 'propertyupdate', { set: part, remove: part }, { limits })
  inDav(root)
  return root.children.flatMap(({ children }) => children.flatMap((prop) => prop.children.map(nameOf)))
}

export function hasBody(request: Pick<ProtocolRequest, 'header'>): boolean {
  const length = request.header('content-length')
  return request.header('transfer-encoding') !== undefined || (length !== undefined && length !== '0')
}

export interface PropertyStatus {
  readonly status: string
  /** Elements, or empty ones of these names. */
  readonly properties: readonly string[]
  readonly error?: string
}

export function response(href: string, groups: readonly PropertyStatus[]): string {
  const propstats = groups
    .filter(({ properties }) => properties.length > 0)
    .map(
      ({ status, properties, error }) =>
        `<D:propstat><D:prop>${properties.join('')}</D:prop><D:status>HTTP/1.1 ${status}</D:status>${error === undefined ? '' : `<D:error><D:${error}/></D:error>`}</D:propstat>`,
    )
  return `<D:response><D:href>${escapeXml(href)}</D:href>${propstats.join('')}</D:response>\n`
}

/** A member of which nothing but this can be said. */
export function failedResponse(href: string, status: string, error?: string): string {
  const why = error === undefined ? '' : `<D:error><D:${error}/></D:error>`
  return `<D:response><D:href>${escapeXml(href)}</D:href><D:status>HTTP/1.1 ${status}</D:status>${why}</D:response>\n`
}

export function multistatus(responses: readonly string[]): Reply {
  return document(207, `<D:multistatus xmlns:D="DAV:">\n${responses.join('')}</D:multistatus>`)
}
/** A precondition of RFC 4918 16 that did not hold. */
export function davError(status: number, condition: string): Reply {
  return document(status, `<D:error xmlns:D="DAV:"><D:${condition}/></D:error>`)
}

export function emptyElement({ namespace, name }: PropertyName): string {
  if (namespace === dav) return `<D:${name}/>`
  return namespace === '' ? `<${name} xmlns=""/>` : `<x:${name} xmlns:x="${escapeXml(namespace)}"/>`
}

export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

function document(status: number, body: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/xml; charset=utf-8' },
    body: Buffer.from(`<?xml version="1.0" encoding="utf-8"?>\n${body}\n`),
  }
}
function nameOf({ namespace, name }: XmlElement): PropertyName {
  return { namespace, name }
}
function inDav({ namespace, name }: XmlElement): void {
  if (namespace !== dav) throw invalid(`${name} is not in the namespace DAV:`)
}
