import {
  type Bytes,
  conflict,
  type DocumentWriter,
  type Json,
  type JsonObject,
  KeyedQueue,
  principalId,
  RegistryError,
  type RepositoryContext,
  unavailable,
} from '#core'
import { listArchetype } from './archetype-catalog.js'
import {
  type CommittedBuild,
  type CommittedVersion,
  countable,
  type Deployment,
  type FileRecord,
  isOpen,
  keys,
  loadDeployment,
  nextStamp,
} from './deployment.js'
import { groupFolderOf, listGroupPlugin } from './group-plugins.js'
import { jarFacts } from './jar-descriptors.js'
import { describeArtifact, type LatestVersion, latestWith } from './latest-version.js'
import { coordinates, fileName, type VersionFolder } from './layout.js'
import type { PomFacts } from './pom-parser.js'

/** Two deployments of one artifact, or of two plugins in one group, take turns in this process; in two processes each reads again what the other wrote. */
const turns = new KeyedQueue()
const attempts = 60
/** A commit has 100 mutations. */
const freezeBatch = 40
const sumBatch = 30

/** Makes a build count: from here on metadata, search and the -SNAPSHOT alias know it. Answers what is still missing in words, and then nothing
 *  was written; undefined where it is committed now or was before. */
export async function publish(
  context: RepositoryContext,
  folder: VersionFolder,
  build: string,
  now: Date,
): Promise<string | undefined> {
  const { organization, repository, documents } = context
  const pom = (await documents.find(keys.pom(folder, build)))?.value as unknown as PomFacts | undefined
  const group = pom?.packaging === 'maven-plugin' ? [groupFolderOf(folder)] : []
  const places = [folder.artifactFolder, ...group].map((place) => `${organization.id} ${repository.id} ${place}`)
  return turns.run(places, () => publishInTurn(context, folder, build, now))
}

async function publishInTurn(
  context: RepositoryContext,
  folder: VersionFolder,
  build: string,
  now: Date,
): Promise<string | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 2) await pause(Math.random() * Math.min(attempt * 2, 40))
    const { documents } = context
    const versionHead = (await documents.head(folder.versionFolder))?.sequence ?? 0
    const artifactHead = (await documents.head(folder.artifactFolder))?.sequence ?? 0
    const deployment = await loadDeployment(documents, folder, build)
    const missing = await whatIsMissing(context, folder, deployment)
    if (missing !== undefined) return missing
    const files = build === 'literal' ? [] : uncounted(deployment)
    if (!(await freezeAhead(context, folder, versionHead, files.slice(freezeBatch)))) continue
    const change = context
      .change()
      .requireHead(folder.versionFolder, versionHead)
      .requireHead(folder.artifactFolder, artifactHead)
    // What somebody else left in a contested build goes when its time is over.
    if (!deployment.contested) change.deleteDocument(keys.open(folder, build))
    for (const { name, algorithm } of deployment.sums.slice(0, sumBatch))
      change.deleteDocument(keys.sum(folder, build, name, algorithm))
    if (deployment.declared) change.deleteDocument(keys.declared(folder, build))
    const touched = (await documents.find(keys.open(folder, build))) !== undefined
    // A -SNAPSHOT without a timestamp has new bytes under old names.
    if (!deployment.committed || isOpen(deployment) || (touched && build === 'literal')) {
      const committed: CommittedBuild = {
        order: deployment.committed?.order ?? versionHead + 1,
        at: deployment.committed?.at ?? now.getTime(),
        by: deployment.committed?.by ?? principalId(context.principal),
        files: countable(deployment),
        ...(deployment.committed?.removed ? { removed: deployment.committed.removed } : {}),
      }
      change.putDocument(keys.build(folder, build), asJson(committed))
      // From here on a release, and a unique snapshot, never changes its bytes; a -SNAPSHOT without a timestamp does.
      for (const name of files.slice(0, freezeBatch)) change.freezeArtifact(`${folder.versionFolder}/${name}`)
      change.putDocument(keys.stamp(folder.versionFolder), { second: await nextStamp(documents, folder.versionFolder, now) })
      await describeVersion(context, change, folder, build, now, context)
    } else if (!touched) return undefined
    try {
      await change.commit()
      return undefined
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || thrown.kind !== 'stale') throw thrown
    }
  }
  throw unavailable(`Too many deployments of ${folder.groupId}:${folder.artifactId} at once; try again`, 2)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** The same for a client that waits for the answer: what is missing is a 409 that its user sees (maven dossier 4.2, 7.3). */
export async function publishOrRefuse(
  context: RepositoryContext,
  folder: VersionFolder,
  build: string,
  now: Date,
): Promise<void> {
  const missing = await publish(context, folder, build, now)
  if (missing !== undefined)
    throw conflict(`${coordinates(folder)} is not published: ${missing}`, { detail: { title: `Not published - ${missing}` } })
}

async function whatIsMissing(
  context: RepositoryContext,
  folder: VersionFolder,
  { build, files, sums, committed, declared, contested }: Deployment,
): Promise<string | undefined> {
  if (files.size === 0) return 'no file of it has come'
  if (contested && (declared === undefined || (declared.names.length === 0 && committed === undefined)))
    return 'two deployments wrote files of this build'
  const people = new Set([...files.values()].map(({ by }) => by))
  for (const { name, algorithm, hex, by } of sums) {
    if (!people.has(by)) continue
    const path = `${folder.versionFolder}/${name}`
    if (!files.has(name)) return `${name} has not come, of which a ${algorithm} was sent`
    const actual = await context.artifacts.digest(path, algorithm)
    if (actual !== hex) return `the ${algorithm} of ${name} is ${actual}, sent was ${hex}`
  }
  const absent = declared && people.has(declared.by) ? declared.names.find((name) => !files.has(name)) : undefined
  if (absent !== undefined) return `${absent} has not come, which its metadata names`
  if (committed !== undefined || context.repository.layoutPolicy === 'permissive') return undefined
  const pom = fileName(folder, build, '', 'pom')
  return files.has(pom) || (await earlierPom(context, folder)) ? undefined : `${pom} has not come`
}

/** A snapshot's attachments may come as a build of their own, when an earlier one brought the POM (maven dossier 2.3). */
async function earlierPom(context: RepositoryContext, folder: VersionFolder): Promise<boolean> {
  if (!folder.snapshot) return false
  for await (const { key, value } of context.documents.list([folder.versionFolder, 'build'])) {
    const build = key[2] ?? ''
    if ((value as unknown as CommittedBuild).files.includes(fileName(folder, build, '', 'pom'))) return true
  }
  return false
}

/** More files than one commit takes are frozen ahead of it, in a version that stands where it stood; false where it moved. */
async function freezeAhead(
  context: RepositoryContext,
  folder: VersionFolder,
  head: number,
  names: readonly string[],
): Promise<boolean> {
  try {
    for (let at = 0; at < names.length; at += freezeBatch) {
      const ahead = context.change().requireHead(folder.versionFolder, head)
      for (const name of names.slice(at, at + freezeBatch)) ahead.freezeArtifact(`${folder.versionFolder}/${name}`)
      await ahead.commit()
    }
    return true
  } catch (thrown) {
    if (thrown instanceof RegistryError && thrown.kind === 'stale') return false
    throw thrown
  }
}

/** Files that the last commit did not count. */
function uncounted(deployment: Deployment): readonly string[] {
  return countable(deployment).filter((name) => !deployment.committed?.files.includes(name))
}

/** Where a build's POM and files are read. */
export type VersionSource = Pick<RepositoryContext, 'documents' | 'log'> & {
  readonly artifacts: { find(path: string): Promise<Bytes | undefined> }
}

/** The artifact's side: its list of versions, what search shows, and the group's plugins. */
export async function describeVersion(
  context: Pick<RepositoryContext, 'documents'>,
  change: DocumentWriter,
  folder: VersionFolder,
  build: string,
  now: Date,
  /** Another repository while it is copied, an archive while it is unpacked. */
  source: VersionSource,
  /** Of its newest build, where that is not the one that comes now. */
  publishedAt = now.getTime(),
): Promise<void> {
  const { documents } = context
  const pom = (await source.documents.find(keys.pom(folder, build)))?.value as unknown as PomFacts | undefined
  const before = (await source.documents.find(keys.facts(folder)))?.value as JsonObject | undefined
  const facts = pom === undefined ? (before ?? {}) : { ...shownOf(pom), ...(await jarFacts(source, folder, build, pom)) }
  change.putDocument(keys.version(folder), asJson({ at: publishedAt, snapshot: folder.snapshot }))
  change.putDocument(keys.facts(folder), facts)
  change.putDocument(keys.stamp(folder.artifactFolder), { second: await nextStamp(documents, folder.artifactFolder, now) })
  const latest = await latestWith(documents, folder, facts)
  change.putDocument(keys.latest(folder), asJson(latest))
  change.describe(folder.artifactFolder, describeArtifact(folder.artifactFolder, latest))
  await listGroupPlugin(context, change, folder, latest.facts, now)
  await listArchetype(context, change, folder, facts, now)
}

function shownOf(pom: PomFacts): JsonObject {
  const shown: Record<string, Json> = {}
  for (const name of ['packaging', 'title', 'description', 'license', 'homepage'] as const) {
    const value = pom[name]
    if (value !== undefined) shown[name] = value
  }
  return { packaging: 'jar', ...shown }
}

export function asJson(value: FileRecord | CommittedVersion | LatestVersion): Json {
  return value as unknown as Json
}
