import type { RepositoryContext } from '#core'
import { type CoreMetadata, parseCoreMetadata } from './core-metadata.js'
import { shownFacts } from './core-metadata-parser.js'
import { metadataSuffix, parseFilename } from './distribution-file.js'
import { type FileDocument, type ProjectDocument, storedPath } from './project-documents.js'
import { releaseOf } from './releases.js'
import { readSourceMetadata } from './sdist-archive.js'

/** A project whose `latest` is another release from now on, in that one's words: `files` hold it, and lie in `context`. */
export async function describedBy(
  latest: string,
  project: ProjectDocument,
  files: readonly FileDocument[],
  context: RepositoryContext,
): Promise<ProjectDocument> {
  if (releaseOf(project.latest) === releaseOf(latest)) return { ...project, latest }
  const release = files.filter(({ version }) => releaseOf(version) === releaseOf(latest))
  return { ...project, latest, facts: shownFacts(await metadataOfRelease(release, context)) }
}

/** The core metadata of a release by its files: of a wheel where there is one, since its metadata lies beside it. */
export async function metadataOfRelease(files: readonly FileDocument[], { artifacts }: RepositoryContext): Promise<CoreMetadata> {
  const chosen = files.find(({ metadataSha256 }) => metadataSha256 !== undefined) ?? files[0]
  const file = chosen && parseFilename(chosen.filename)
  if (file === undefined) return { fields: new Map(), description: undefined }
  if (file.type === 'sdist') return readSourceMetadata(await artifacts.get(storedPath(file)), file)
  const sidecar = await artifacts.find(`${storedPath(file)}${metadataSuffix}`)
  if (!sidecar) return { fields: new Map(), description: undefined }
  const chunks: Buffer[] = []
  for await (const chunk of await sidecar.open()) chunks.push(chunk as Buffer)
  return parseCoreMetadata(Buffer.concat(chunks))
}
