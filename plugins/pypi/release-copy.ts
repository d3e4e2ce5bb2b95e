import { conflict, notFound, type RepositoryChangeSet, type RepositoryContext } from '#core'
import { type DistributionFile, metadataSuffix, parseFilename, provenanceSuffix } from './distribution-file.js'
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

/** All files of a release into another repository, by the rules of an upload there. They arrive there now: a client that waits for a release to be some
 *  days old must not see one appear in the past. */
export async function copyRelease(
  project: string,
  version: string,
  from: RepositoryContext,
  to: RepositoryContext,
  change: RepositoryChangeSet,
  now: Date,
): Promise<void> {
  await holdProject(project, to.documents, change)
  const files = (await filesOf(project, from.documents)).filter((file) => releaseOf(file.version) === releaseOf(version))
  const source = await findDocument<ProjectDocument>(from.documents, projectKey(project))
  if (files.length === 0 || source === undefined) throw notFound('version', `${project} ${version}`)
  if (source.value.status?.status === 'quarantined')
    throw conflict(`Project '${project}' is quarantined in ${from.repository.name}: nothing of it is offered.`)
  const target = await findDocument<ProjectDocument>(to.documents, projectKey(project))
  const closed = target?.value.status?.status
  if (closed === 'archived' || closed === 'quarantined')
    throw conflict(`Project '${project}' is ${closed} in ${to.repository.name} and does not accept uploads.`)
  for (const document of files) {
    const file = parseFilename(document.filename)
    if (file === undefined) continue
    const there = await findDocument<FileDocument>(to.documents, fileKey(project, document.filename))
    if (there?.value.sha256 !== document.sha256) {
      const arrived: FileDocument = { ...document, uploadedAt: now.toISOString() }
      await copyFile(file, arrived, from, to, change)
    }
  }
  const there = await filesOf(project, to.documents)
  const latest = highest([...there, ...files]) ?? version
  if (target !== undefined && there.length > 0 && target.value.latest === latest) return
  const arrives = releaseOf(latest) === releaseOf(version)
  const { status: _, ...described } = await describedBy(
    latest,
    source.value,
    ...(arrives ? ([files, from] as const) : ([there, to] as const)),
  )
  const status = target?.value.status === undefined ? {} : { status: target.value.status }
  const after = { ...described, ...status }
  change.putDocument(projectKey(project), after).describe(project, describeProject(after))
}

async function copyFile(
  file: DistributionFile,
  document: FileDocument,
  from: RepositoryContext,
  to: RepositoryContext,
  change: RepositoryChangeSet,
): Promise<void> {
  const { filename, sha256 } = document
  const path = storedPath(file)
  const taken = await findDocument<UniqueDocument>(to.documents, placeKey(file))
  if (taken?.value.gone && (taken.value.filename !== filename || taken.value.sha256 !== sha256))
    throw conflict(`${filename}: this filename was previously used by a file that has since been deleted`)
  change.putArtifact(path, await to.reuse(await from.artifacts.get(path)), { contentType: 'application/octet-stream' })
  for (const [suffix, contentType] of [
    [metadataSuffix, 'text/plain'],
    [provenanceSuffix, 'application/json'],
  ] as const) {
    const sidecar = await from.artifacts.find(`${path}${suffix}`)
    if (sidecar) change.putArtifact(sidecar.path, await to.reuse(sidecar), { contentType })
  }
  const place: UniqueDocument = { v: documentVersion, filename, sha256 }
  change
    .putDocument(fileKey(file.project, filename), document, 'absent')
    .putDocument(placeKey(file), place, taken?.value.gone ? { revision: taken.revision } : 'absent')
}
