import type { DocumentReader, PackageFacts } from '#core'
import { factsOf } from './manifest.js'
import { documentKeys, findPackage, findVersion, type TagDocument } from './package-documents.js'

/** What search and lists show of a package, by what is stored: the facts of the version that `latest` names. */
export async function describeStored(pkg: string, documents: DocumentReader): Promise<PackageFacts | undefined> {
  const [owner, tag] = await Promise.all([findPackage(pkg, documents), documents.find(documentKeys.tag(pkg, 'latest'))])
  const latest = tag?.value as TagDocument | undefined
  if (owner === undefined || latest === undefined || latest.generation !== owner.generation) return undefined
  const version = await findVersion(pkg, latest.version, documents)
  return version && factsOf(version.full, version.publishedAt)
}
