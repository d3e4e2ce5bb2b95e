import {
  conflict,
  type Digests,
  empty,
  invalid,
  type PutOptions,
  principalId,
  RegistryError,
  type Reply,
  type RepositoryContext,
  type StagedBlob,
  unavailable,
} from '#core'
import { type Deployment, type FileRecord, keys, loadDeployment } from './deployment.js'
import { type ArtifactFile, coordinates, uniqueBuildOf, type VersionFolder } from './layout.js'
import { contradictionOf, isPom, type PomFacts } from './pom-parser.js'
import { holdPreconditions } from './preconditions.js'
import { publish } from './publication.js'

/** So long after its last file a deployment that no metadata announced counts as complete (maven dossier 7.3 c). */
export const quietPeriod = 30_000
/** So long a committed release takes additional files, a late -javadoc.jar or signature (7.2). */
const lateFiles = 24 * 60 * 60_000
/** So long a checksum that came ahead is held against its file; one left behind by an earlier attempt holds nobody up. */
const sumsAhead = 10 * 60_000
const attempts = 40

export interface FileUpload {
  readonly path: string
  readonly file: ArtifactFile
  readonly now: () => Date
  /** Headers of the request. */
  readonly read: (name: string) => string | undefined
}

/** A PUT of a file of a build: checked, stored, and noted as part of its deployment, in one commit. */
export async function putArtifactFile(
  context: RepositoryContext,
  { path, file, now: clock, read }: FileUpload,
  stage: (expected: Partial<Digests>) => Promise<StagedBlob>,
): Promise<Reply> {
  const { folder, build, name } = file
  const me = principalId(context.principal)
  const before = await loadDeployment(context.documents, folder, build)
  refuseClosed(before, file, clock())
  const blob = await stage(expectedBy(before, name, me, clock()))
  const pom = await checkedPom(context, blob, path, file)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { documents } = context
    const head = (await documents.head(folder.versionFolder))?.sequence ?? 0
    const deployment = await loadDeployment(documents, folder, build)
    const now = clock()
    const present = await context.artifacts.find(path)
    holdPreconditions(read, present)
    if (present?.digests.sha256 === blob.digests.sha256) return empty(200)
    refuseClosed(deployment, file, now)
    const record = deployment.files.get(name)
    const mine = record === undefined || record.by === me
    const replace = build === 'literal' || (build === 'release' && mine && !isCounted(deployment, name))
    const change = context
      .change()
      .putArtifact(path, blob, { replace, if: present === undefined ? 'absent' : { sha256: present.digests.sha256 } })
      .putDocument(keys.file(folder, build, name), { by: me, at: now.getTime() } satisfies FileRecord)
      .putDocument(keys.open(folder, build), { by: me, at: now.getTime() } satisfies FileRecord)
    if (pom !== undefined) change.putDocument(keys.pom(folder, build), pom)
    // What may replace a file rests on its whole deployment; a new file rests on nothing, so that many can come at once.
    if (present !== undefined) change.requireHead(folder.versionFolder, head)
    // One that these bytes do not have stays, until the right one comes.
    for (const sum of deployment.sums)
      if (sum.name === name && sum.by === me && blob.digests[sum.algorithm] === sum.hex)
        change.deleteDocument(keys.sum(folder, build, name, sum.algorithm))
    if (now.getTime() - lastFile(deployment) >= quietPeriod / 2)
      change.remind(new Date(now.getTime() + quietPeriod), [folder.versionFolder, 'open', build])
    try {
      const { artifacts } = await change.commit()
      await completeDeclared(context, file, now)
      return empty(artifacts.get(path) === 'same' ? 200 : 201)
    } catch (thrown) {
      if (thrown instanceof RegistryError && thrown.kind === 'conflict') {
        await contest(context, file, now)
        throw immutable(file, blob, present?.digests.sha256, thrown)
      }
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
    }
  }
  throw unavailable(`Too many uploads to ${coordinates(folder)} at once; try again`, 2)
}

export interface LooseFile {
  readonly path: string
  /** The version's, where it lies in one. */
  readonly folder: VersionFolder | undefined
  readonly held: PutOptions['if']
}

/** A file that no build owns, in a permissive repository: served by its exact path, in no metadata. Beside a release it never changes. */
export async function putLooseFile(
  context: RepositoryContext,
  { path, folder, held }: LooseFile,
  blob: StagedBlob,
): Promise<Reply> {
  const replace = folder === undefined || folder.snapshot
  try {
    const { artifacts } = await context
      .change()
      .putArtifact(path, blob, { replace, ...(held && { if: held }) })
      .commit()
    return empty(artifacts.get(path) === 'same' ? 200 : 201)
  } catch (thrown) {
    if (!(thrown instanceof RegistryError) || thrown.kind !== 'conflict' || folder === undefined) throw thrown
    throw differs(`${coordinates(folder)}: ${path}`, 'Release', thrown)
  }
}

function isCounted({ committed }: Deployment, name: string): boolean {
  return committed?.files.includes(name) === true
}

/** A release that was published long ago takes no more files; what it has is refused by the commit, if it differs. */
export function refuseClosed(deployment: Deployment, { build, name, folder }: ArtifactFile, now: Date): void {
  const { committed } = deployment
  if (build !== 'release' || committed === undefined || isCounted(deployment, name)) return
  if (now.getTime() - committed.at <= lateFiles) return
  const day = (at: number) => new Date(at).toISOString()
  const closed = `${coordinates(folder)} was published on ${day(committed.at)} and takes no more files`
  const removedAt = committed.removed?.[name]
  const gone = `; ${name} was removed from it on ${day(removedAt ?? 0)}: an undo of that brings it back`
  throw conflict(removedAt === undefined ? closed : closed + gone, { detail: { title: 'Release is closed' } })
}

/** Checksums that came before their file join the pass over its bytes. */
function expectedBy({ sums, files }: Deployment, name: string, me: string, now: Date): Partial<Digests> {
  // One that a file which is there does not have is no promise for its next attempt.
  if (files.has(name)) return {}
  const ahead = sums.filter((sum) => sum.name === name && sum.by === me && now.getTime() - sum.at < sumsAhead)
  return Object.fromEntries(ahead.map(({ algorithm, hex }) => [algorithm, hex]))
}

/** When its last file came, in milliseconds: a reminder is then due within the quiet period. */
function lastFile({ files }: Deployment): number {
  return Math.max(0, ...[...files.values()].map(({ at }) => at))
}

async function checkedPom(
  context: RepositoryContext,
  blob: StagedBlob,
  path: string,
  file: ArtifactFile,
): Promise<PomFacts | undefined> {
  if (!isPom(file)) return undefined
  const pom = (await context.parse(blob, path)) as PomFacts
  const contradiction = context.repository.layoutPolicy === 'strict' ? contradictionOf(pom, file) : undefined
  const title = pom.unreadable === undefined ? 'POM does not fit its path' : 'POM cannot be read'
  if (contradiction !== undefined) throw invalid(contradiction, { detail: { title } })
  return pom
}

/** Clients number builds themselves: two that found the same metadata in the same second write one build. Whose POM was refused still sends its other
 *  files, which then belong to nobody's publication until metadata names them. */
async function contest(context: RepositoryContext, { folder, build }: ArtifactFile, now: Date): Promise<void> {
  if (uniqueBuildOf(build) === undefined) return
  const record: FileRecord = { by: principalId(context.principal), at: now.getTime() }
  await context
    .change()
    .putDocument(keys.contested(folder, build), { ...record })
    .putDocument(keys.open(folder, build), { ...record })
    .remind(new Date(now.getTime() + quietPeriod), [folder.versionFolder, 'open', build])
    .commit()
}

/** Metadata may come before the files that it names (old Gradle); the last of them completes the build. */
async function completeDeclared(context: RepositoryContext, { folder, build }: ArtifactFile, now: Date): Promise<void> {
  const { declared, files } = await loadDeployment(context.documents, folder, build)
  if (declared?.by !== principalId(context.principal)) return
  if (declared.names.every((name) => files.has(name))) await publish(context, folder, build, now)
}

function immutable(file: ArtifactFile, blob: StagedBlob, stored: string | undefined, cause: RegistryError): RegistryError {
  const { folder, name } = file
  const there = stored ?? cause.detail['sha256']
  const digests = `(sha256 ${String(there).slice(0, 16)}…, yours ${blob.digests.sha256.slice(0, 16)}…)`
  const what = file.build === 'release' ? 'Release' : 'Snapshot build'
  return differs(`${coordinates(folder)} ${name}`, what, cause, ` ${digests}`)
}

/** In words that fit what a reader finds under the name: a file, or nothing any more. */
function differs(name: string, what: string, cause: RegistryError, digests = ''): RegistryError {
  const spent = cause.detail['reason'] === 'spent'
  const says = spent ? 'was published with other content and removed, and its name takes no other' : 'exists with other content'
  const title = spent ? `${what} was removed and its name takes no other content` : `${what} is immutable`
  return conflict(`${name} ${says}${digests}`, { detail: { ...cause.detail, title }, cause })
}
