import type { Readable } from 'node:stream'
import { childOf, childrenOf, readXml, textOf, type XmlElement, type XmlShape } from '#core'
import { readSmall } from './checksum-text.js'

const shape: XmlShape = {
  groupId: true,
  artifactId: true,
  version: true,
  versioning: {
    release: true,
    latest: true,
    versions: { version: true },
    snapshot: { timestamp: true, buildNumber: true, localCopy: true },
    snapshotVersions: { snapshotVersion: { classifier: true, extension: true, value: true } },
  },
}
const limits = { bytes: 4 * 1024 * 1024, nodes: 200_000 }
const options = { limits, namespaces: false, entities: 'keep' } as const
/** More than any artifact has; the reader of XML has limits of its own. */
const mostPlain = 100_000

/** A client's maven-metadata.xml; throws `invalid` or `too-large`. */
export interface UploadedMetadata {
  readonly root: XmlElement
  /** All versions that it names: listed, or as the latest or the release. */
  readonly versions: ReadonlySet<string>
}

export async function readUploadedMetadata(body: Readable): Promise<UploadedMetadata> {
  const bytes = await readSmall(body, limits.bytes, 'Metadata')
  const text = plainText(bytes)
  const cut = text === undefined ? undefined : cutVersions(text)
  const root = await readXml(cut === undefined ? bytes : Buffer.from(cut.rest), 'metadata', shape, options)
  const versioning = childOf(root, 'versioning')
  const list = childOf(versioning, 'versions')
  const versions = new Set(childrenOf(list, 'version').map((element) => element.text.trim()))
  if (list !== undefined) for (const version of cut?.versions ?? []) versions.add(version)
  for (const name of ['release', 'latest'] as const) {
    const version = textOf(versioning, name)
    if (version !== undefined) versions.add(version)
  }
  return { root, versions }
}

/** As every client writes it: UTF-8, without a mark. Undefined for what the reader of XML has to make out. */
function plainText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const declared = /^<\?xml[^>]*?encoding\s*=\s*["']([^"']*)/.exec(text.slice(0, 200))?.[1] ?? 'utf-8'
    return declared.toLowerCase() === 'utf-8' ? text : undefined
  } catch {
    return undefined
  }
}

/** Takes a plain list of versions out of a document, of which an XML parser is then given the rest: clients send all ten thousand to publish one, and a
 *  parser takes longer over them than all else that a deployment costs. Undefined where the list is not the only one, or has anything in it but
 *  elements with unescaped text: then the parser reads all of it. */
export function cutVersions(text: string): { readonly rest: string; readonly versions: readonly string[] } | undefined {
  const [open, close] = ['<versions>', '</versions>']
  const start = text.indexOf(open)
  const end = text.indexOf(close, start)
  if (start < 0 || end < 0 || text.indexOf('<versions', start + 1) >= 0) return undefined
  // In a comment, a section or an instruction it would be no element.
  const before = text.slice(0, start)
  if (before.includes('<!') || before.indexOf('<?', 1) >= 0) return undefined
  const versions: string[] = []
  const element = /[ \t\r\n]*<version>([^<>&\0-\x1f\x7f-\x9f\ufffe\uffff]{0,1024})<\/version>/y
  element.lastIndex = start + open.length
  let at = element.lastIndex
  for (let found = element.exec(text); found !== null && at < end; found = element.exec(text)) {
    versions.push((found[1] ?? '').trim())
    at = element.lastIndex
    if (versions.length > mostPlain) return undefined
  }
  if (text.slice(at, end).trim() !== '') return undefined
  return { rest: text.slice(0, start + open.length) + text.slice(end), versions }
}
