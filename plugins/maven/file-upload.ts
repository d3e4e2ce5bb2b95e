import {
  conflict,
  type Digests,
  empty,
  invalid,
  principalId,
  RegistryError,
  type Reply,
  type RepositoryContext,
  type StagedBlob,
  unavailable,
} from '#core'
import { type Deployment, type FileRecord, keys, loadDeployment } from './deployment.js'
import { type ArtifactFile, coordinates } from './layout.js'
import { contradictionOf, isPom, type PomFacts } from './pom-parser.js'
import { publish } from './publication.js'

/** So long after its last file a deployment that no metadata announced counts as complete (maven dossier 7.3 c). */
export const quietPeriod = 30_000
/** So long a committed release takes additional files, a late -javadoc.jar or signature (7.2). */
const lateFiles = 24 * 60 * 60_000
const attempts = 40

export interface FileUpload {
  readonly path: string
  readonly file: ArtifactFile
  readonly now: () => Date
}

/** A PUT of a file of a build: checked, stored, and noted as part of its deployment, in one commit. */
export async function putArtifactFile(
  context: RepositoryContext,
  { path, file, now: clock }: FileUpload,
  stage: (expected: Partial<Digests>) => Promise<StagedBlob>,
): Promise<Reply> {
  const { folder, build, name } = file
  const me = principalId(context.principal)
  const before = await loadDeployment(context.documents, folder, build)
  refuseClosed(before, file, clock())
  const blob = await stage(expectedBy(before, name, me))
  const pom = await checkedPom(context, blob, path, file)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { documents } = context
    const head = (await documents.head(folder.versionFolder))?.sequence ?? 0
    const deployment = await loadDeployment(documents, folder, build)
    const now = clock()
    const present = await context.artifacts.find(path)
    if (present?.digests.sha256 === blob.digests.sha256) return empty(200)
    refuseClosed(deployment, file, now)
    const record = deployment.files.get(name)
    const mine = record === undefined || record.by === me
    const change = context
      .change()
      .requireHead(folder.versionFolder, head)
      .putArtifact(path, blob, { replace: build === 'literal' || (build === 'release' && mine && !isCounted(deployment, name)) })
      .putDocument(keys.file(folder, build, name), { by: me, at: now.getTime() } satisfies FileRecord)
      .putDocument(keys.open(folder, build), { by: me, at: now.getTime() } satisfies FileRecord)
    if (pom !== undefined) change.putDocument(keys.pom(folder, build), pom)
    for (const sum of deployment.sums)
      if (sum.name === name && sum.by === me) change.deleteDocument(keys.sum(folder, build, name, sum.algorithm))
    if (deployment.files.size === 0) change.remind(new Date(now.getTime() + quietPeriod), [folder.versionFolder, 'open', build])
    try {
      const { artifacts } = await change.commit()
      await completeDeclared(context, file, now)
      return empty(artifacts.get(path) === 'same' ? 200 : 201)
    } catch (thrown) {
      if (thrown instanceof RegistryError && thrown.kind === 'conflict')
        throw immutable(file, blob, present?.digests.sha256, thrown)
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
    }
  }
  throw unavailable(`Too many uploads to ${coordinates(folder)} at once; try again`, 2)
}

/** A file that no build owns, in a permissive repository: served by its exact path, in no metadata. */
export async function putLooseFile(context: RepositoryContext, path: string, blob: StagedBlob): Promise<Reply> {
  const { artifacts } = await context.change().putArtifact(path, blob, { replace: true }).commit()
  return empty(artifacts.get(path) === 'same' ? 200 : 201)
}

function isCounted({ committed }: Deployment, name: string): boolean {
  return committed?.files.includes(name) === true
}

/** A release that was published long ago takes no more files; what it has is refused by the commit, if it differs. */
function refuseClosed(deployment: Deployment, { build, name, folder }: ArtifactFile, now: Date): void {
  const { committed } = deployment
  if (build !== 'release' || committed === undefined || isCounted(deployment, name)) return
  if (now.getTime() - committed.at > lateFiles)
    throw conflict(`${coordinates(folder)} was published on ${new Date(committed.at).toISOString()} and takes no more files`, {
      detail: { title: 'Release is closed' },
    })
}

/** Checksums that came before their file join the pass over its bytes. */
function expectedBy({ sums }: Deployment, name: string, me: string): Partial<Digests> {
  return Object.fromEntries(
    sums.filter((sum) => sum.name === name && sum.by === me).map(({ algorithm, hex }) => [algorithm, hex]),
  )
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
  if (contradiction !== undefined) throw invalid(contradiction, { detail: { title: 'POM does not fit its path' } })
  return pom
}

/** Metadata may come before the files that it names (old Gradle); the last of them completes the build. */
async function completeDeclared(context: RepositoryContext, { folder, build }: ArtifactFile, now: Date): Promise<void> {
  const { declared, files } = await loadDeployment(context.documents, folder, build)
  if (declared?.names.every((name) => files.has(name))) await publish(context, folder, build, now)
}

function immutable(file: ArtifactFile, blob: StagedBlob, stored: string | undefined, cause: RegistryError): RegistryError {
  const { folder, name } = file
  const there = stored ?? cause.detail['sha256']
  const what = file.build === 'release' ? 'Release is immutable' : 'Snapshot build is immutable'
  return conflict(
    `${coordinates(folder)} ${name} exists with other content (sha256 ${String(there).slice(0, 16)}…, yours ${blob.digests.sha256.slice(0, 16)}…)`,
    { detail: { ...cause.detail, title: what }, cause },
  )
}
