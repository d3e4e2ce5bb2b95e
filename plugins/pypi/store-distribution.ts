import { invalid, RegistryError, type RepositoryContext, type StagedBlob, unavailable } from '#core'
import type { DistributionFacts } from './core-metadata-parser.js'
import { type DistributionFile, metadataSuffix, provenanceSuffix, pythonTag } from './distribution-file.js'
import {
  describeProject,
  documentVersion,
  type FileDocument,
  type Found,
  fileKey,
  findDocument,
  hasFiles,
  type ProjectDocument,
  placeKey,
  projectKey,
  releaseKey,
  storedPath,
  type UniqueDocument,
} from './project-documents.js'
import { releaseOf, supersedes } from './releases.js'

/** A file whose every check has passed. */
export interface Distribution {
  readonly file: DistributionFile
  readonly blob: StagedBlob
  readonly facts: DistributionFacts
  /** A wheel's METADATA. */
  readonly metadata: StagedBlob | undefined
  /** What its publisher attested. */
  readonly provenance: StagedBlob | undefined
  readonly at: Date
}

/** Lost races before an upload gives up; each means that another upload of the same project came through. */
const attempts = 20

/** Refuses an upload to a project that takes none. 400: a 403 makes clients blame the credentials. */
export async function requireOpenProject(
  context: RepositoryContext,
  project: string,
): Promise<Found<ProjectDocument> | undefined> {
  const found = await findDocument<ProjectDocument>(context.documents, projectKey(project))
  const status = found?.value.status?.status
  if (status === 'archived' || status === 'quarantined')
    throw invalid(`Project '${project}' is ${status} and does not accept uploads.`)
  return found
}

/** The place that a file takes, as it is before the commit. */
type Place = Found<UniqueDocument> | undefined

/** True where these very bytes stand under this very name: a repeat after a lost answer changes nothing. Throws `invalid` where anything else
 *  takes the file's place, or took it once, under whatever spelling. */
export async function alreadyStored(context: RepositoryContext, file: DistributionFile, blob: StagedBlob): Promise<boolean> {
  const place = await findPlace(context, file, blob)
  return place !== undefined && !place.value.gone
}

async function findPlace(context: RepositoryContext, file: DistributionFile, blob: StagedBlob): Promise<Place> {
  const place = await findDocument<UniqueDocument>(context.documents, placeKey(file))
  if (!place) return undefined
  const { filename, sha256, gone } = place.value
  if (filename === file.filename && sha256 === blob.digests.sha256) return place
  if (gone) throw previouslyUsed()
  if (file.type === 'sdist' && filename !== file.filename) throw invalid('Only one sdist may be uploaded per release.')
  throw alreadyExists(filename, sha256)
}

/** File, place, project and name in one commit. What lost a race is judged anew: the winner may have been the same file. */
export async function storeDistribution(context: RepositoryContext, distribution: Distribution): Promise<void> {
  const { file, blob } = distribution
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const project = await requireOpenProject(context, file.project)
    try {
      const place = await findPlace(context, file, blob)
      if (place && !place.value.gone) return
      await commit(context, distribution, project, place)
      return
    } catch (failure) {
      if (!(failure instanceof RegistryError) || (failure.kind !== 'conflict' && failure.kind !== 'stale')) throw failure
      refuseTakenPath(failure, file)
    }
  }
  throw unavailable('Too many uploads of this project at once; try again', 2)
}

async function commit(
  context: RepositoryContext,
  distribution: Distribution,
  before: Found<ProjectDocument> | undefined,
  taken: Place,
): Promise<void> {
  const { file, blob, metadata, provenance, facts } = distribution
  const head = (await context.documents.head(file.project))?.sequence ?? 0
  const place: UniqueDocument = { v: documentVersion, filename: file.filename, sha256: blob.digests.sha256 }
  const change = context
    .change()
    .putArtifact(storedPath(file), blob, { contentType: 'application/octet-stream' })
    .putDocument(fileKey(file.project, file.filename), describeFile(distribution), 'absent')
    .putDocument(placeKey(file), place, taken ? { revision: taken.revision } : 'absent')
  if (metadata) change.putArtifact(`${storedPath(file)}${metadataSuffix}`, metadata, { contentType: 'text/plain' })
  if (provenance) change.putArtifact(`${storedPath(file)}${provenanceSuffix}`, provenance, { contentType: 'application/json' })
  // The last release took the name off the list when it went, and left the project.
  const empty = before !== undefined && !(await hasFiles(file.project, context.documents))
  if (empty) change.requireHead(file.project, head)
  const keeps =
    before !== undefined &&
    !supersedes(facts.version, before.value.latest) &&
    (await isOffered(before.value.latest, file, context))
  const after = keeps ? { ...before.value, name: facts.name } : projectAfter(before?.value, facts)
  const changed = JSON.stringify(after) !== JSON.stringify(before?.value)
  if (changed) change.putDocument(projectKey(file.project), after, before ? { revision: before.revision } : 'absent')
  if (changed || empty) change.describe(file.project, describeProject(after))
  await change.commit()
}

function describeFile({ file, blob, metadata, provenance, facts, at }: Distribution): FileDocument {
  const { md5, blake2b256 } = blob.digests
  return {
    v: documentVersion,
    filename: file.filename,
    type: file.type,
    version: facts.version,
    sha256: blob.digests.sha256,
    size: blob.size,
    python: pythonTag(file),
    uploadedAt: at.toISOString(),
    yanked: false,
    ...(facts.requiresPython === undefined ? {} : { requiresPython: facts.requiresPython }),
    ...(metadata === undefined ? {} : { metadataSha256: metadata.digests.sha256 }),
    ...(provenance === undefined ? {} : { provenance: true }),
    ...(md5 === undefined ? {} : { md5 }),
    ...(blake2b256 === undefined ? {} : { blake2b256 }),
  }
}

/** Is there a file of this version that is not yanked? */
async function isOffered(version: string, { project }: DistributionFile, { documents }: RepositoryContext): Promise<boolean> {
  for await (const { value } of documents.list(releaseKey(project, releaseOf(version)))) {
    const { filename, gone } = value as unknown as UniqueDocument
    const found = gone ? undefined : await findDocument<FileDocument>(documents, fileKey(project, filename))
    if (found?.value.yanked === false) return true
  }
  return false
}

/** The newest file names the project; the highest version that is offered, final before pre-release, describes it. */
function projectAfter(before: ProjectDocument | undefined, facts: DistributionFacts): ProjectDocument {
  const { description, license, homepage, keywords } = facts
  return {
    v: documentVersion,
    name: facts.name,
    latest: facts.version,
    facts: {
      ...(description === undefined ? {} : { description }),
      ...(license === undefined ? {} : { license }),
      ...(homepage === undefined ? {} : { homepage }),
      ...(keywords === undefined ? {} : { keywords }),
    },
    ...(before?.status === undefined ? {} : { status: before.status }),
  }
}

/** The names of deleted files stay spent. */
function refuseTakenPath({ detail }: RegistryError, file: DistributionFile): void {
  if (detail['reason'] === 'spent') throw previouslyUsed()
  if (detail['reason'] === 'exists') throw alreadyExists(file.filename, String(detail['sha256']))
}

function previouslyUsed(): RegistryError {
  return invalid('This filename was previously used by a file that has since been deleted. Use a different version.')
}

/** `--skip-existing` of three clients looks for these words. */
function alreadyExists(filename: string, sha256: string): RegistryError {
  return invalid(`File already exists ('${filename}', with sha256 hash '${sha256}').`, { detail: { code: 'file-exists' } })
}
