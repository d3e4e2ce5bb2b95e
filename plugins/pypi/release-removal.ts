import { notFound, type PackageKeeping, type RepositoryChangeSet, type RepositoryContext } from '#core'
import { parseFilename, sidecarSuffixes } from './distribution-file.js'
import {
  describeProject,
  documentVersion,
  type FileDocument,
  fileKey,
  findDocument,
  type ProjectDocument,
  placeKey,
  projectKey,
  storedPath,
  type UniqueDocument,
} from './project-documents.js'
import { describedBy } from './release-metadata.js'
import { filesOf, highest, holdProject, releaseOf } from './releases.js'

/** All files of a release. The project stays, as an empty page, when its last release goes. */
export const removeRelease: PackageKeeping['remove'] = async (project, version, context, change) => {
  const { documents } = context
  await holdProject(project, documents, change)
  const all = await filesOf(project, documents)
  const leaving = all.filter((file) => releaseOf(file.version) === releaseOf(version))
  if (leaving.length === 0) throw notFound('version', `${project} ${version}`)
  for (const file of leaving) await removeFile(file, context, change)
  const owner = await findDocument<ProjectDocument>(documents, projectKey(project))
  const staying = all.filter((file) => !leaving.includes(file))
  const latest = highest(staying)
  if (owner === undefined || (latest !== undefined && releaseOf(owner.value.latest) !== releaseOf(version))) return
  // Written in any case: so an undo is asked how it goes together with what was uploaded meanwhile.
  const after = latest === undefined ? owner.value : await describedBy(latest, owner.value, staying, context)
  change.putDocument(projectKey(project), after)
  change.describe(project, latest === undefined ? undefined : describeProject(after))
}

/** All releases, and the project itself: its page is 404 from then on, and the names of its files stay spent. */
export async function removeProject(project: string, context: RepositoryContext, change: RepositoryChangeSet): Promise<void> {
  const { documents } = context
  await holdProject(project, documents, change)
  if (!(await findDocument<ProjectDocument>(documents, projectKey(project)))) throw notFound('project', project)
  for (const file of await filesOf(project, documents)) await removeFile(file, context, change)
  change.deleteDocument(projectKey(project)).describe(project, undefined)
}

/** Its place remembers it, so that no other spelling of its name takes its place either. */
async function removeFile(
  { filename, sha256 }: FileDocument,
  { artifacts }: RepositoryContext,
  change: RepositoryChangeSet,
): Promise<void> {
  const file = parseFilename(filename)
  if (file === undefined) return
  change.deleteArtifact(storedPath(file))
  for (const suffix of sidecarSuffixes) {
    const sidecar = `${storedPath(file)}${suffix}`
    if (await artifacts.find(sidecar)) change.deleteArtifact(sidecar)
  }
  const place: UniqueDocument = { v: documentVersion, filename, sha256, gone: true }
  change.deleteDocument(fileKey(file.project, filename)).putDocument(placeKey(file), place)
}
