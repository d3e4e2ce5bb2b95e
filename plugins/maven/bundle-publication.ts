import { type Json, principalId, RegistryError, type RepositoryChangeSet, type RepositoryContext, unavailable } from '#core'
import type { BundleFile } from './bundle-archive.js'
import type { BundleFaults } from './bundle-faults.js'
import { type BundleVersion, judgeVersion, versionsOf } from './bundle-versions.js'
import { type CommittedBuild, type Deployment, type FileRecord, keys, nextStamp } from './deployment.js'
import { DocumentDraft } from './document-draft.js'
import { asJson, describeVersion } from './publication.js'

const attempts = 20
const mostVersions = 1_000

interface BundleDraft {
  readonly versions: readonly BundleVersion[]
  readonly documents: DocumentDraft
  /** Has the files, and not yet the documents. */
  readonly change: RepositoryChangeSet
}

/** Judges everything that a bundle brings, and drafts its publication. What is wrong goes into `faults`; nothing is written. */
export async function draftBundle(
  files: readonly BundleFile[],
  context: RepositoryContext,
  faults: BundleFaults,
  now: Date,
): Promise<BundleDraft> {
  const documents = new DocumentDraft(context.documents)
  const change = context.change()
  const versions = await versionsOf(files, context, faults)
  for (const version of versions) {
    const { versionFolder, artifactFolder } = version.folder
    for (const pkg of [versionFolder, artifactFolder])
      documents.requireHead(pkg, (await context.documents.head(pkg))?.sequence ?? 0)
    const deployment = await judgeVersion(version, context, faults, now)
    await putVersion(version, deployment, context, change, documents, now)
  }
  for (const { path, file, blob, parsed } of files) {
    if (file !== undefined) continue
    // As a PUT of a file that no build owns.
    const replace = parsed.kind !== 'other' || parsed.folder === undefined || parsed.folder.snapshot
    const present = replace ? undefined : await context.artifacts.find(path)
    if (present !== undefined && present.digests.sha256 !== blob.digests.sha256)
      faults.add(path, `${path} exists with other content`)
    change.putArtifact(path, blob, { replace })
  }
  if (files.length === 0 && faults.none) faults.add('', 'The bundle has no files')
  if (versions.length > mostVersions)
    faults.add('', `The bundle has ${versions.length} versions, ${mostVersions} are possible: send it in several`)
  return { versions, documents, change }
}

/** All of it counts from one commit on, which writes what `record` adds as well; or nothing does, and `faults` has the reasons. */
export async function publishBundle(
  files: readonly BundleFile[],
  context: RepositoryContext,
  faults: BundleFaults,
  now: Date,
  record: (change: RepositoryChangeSet, versions: readonly BundleVersion[]) => void,
): Promise<readonly BundleVersion[]> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { versions, documents, change } = await draftBundle(files, context, faults, now)
    if (!faults.none) return versions
    documents.writeInto(change)
    record(change, versions)
    try {
      await change.commit()
      return versions
    } catch (thrown) {
      if (!(thrown instanceof RegistryError) || (thrown.kind !== 'conflict' && thrown.kind !== 'stale')) throw thrown
      if (thrown.kind === 'stale') continue
      // Coordinates that were published and removed: only the commit knows of them.
      const path = String(thrown.detail['path'] ?? '')
      faults.add(path, `${path}: ${thrown.message}`)
      return versions
    }
  }
  throw unavailable('Too many changes of what the bundle brings; try again', 2)
}

async function putVersion(
  { folder, build, files, pom }: BundleVersion,
  deployment: Deployment,
  context: RepositoryContext,
  change: RepositoryChangeSet,
  documents: DocumentDraft,
  now: Date,
): Promise<void> {
  const record: FileRecord = { by: principalId(context.principal), at: now.getTime() }
  const { committed } = deployment
  for (const { path, blob, file } of files) {
    const present = await context.artifacts.find(path)
    if (present?.digests.sha256 !== blob.digests.sha256) change.putArtifact(path, blob, { replace: build === 'literal' })
    // Of an unfinished deployment: from here on it is final, as if the bundle had brought it.
    else if (build !== 'literal' && !committed?.files.includes(file.name)) change.freezeArtifact(path)
    if (!deployment.files.has(file.name)) documents.putDocument(keys.file(folder, build, file.name), asJson(record))
  }
  const names = new Set([...(committed?.files ?? []), ...files.map(({ file }) => file.name)])
  const head = (await context.documents.head(folder.versionFolder))?.sequence ?? 0
  const counted: CommittedBuild = {
    ...record,
    ...committed,
    order: committed?.order ?? head + 1,
    files: [...names].sort(),
  }
  documents.putDocument(keys.build(folder, build), asJson(counted))
  if (pom !== undefined) documents.putDocument(keys.pom(folder, build), pom as Json)
  documents.putDocument(keys.stamp(folder.versionFolder), {
    second: await nextStamp(context.documents, folder.versionFolder, now),
  })
  const whole = deployment.sums.length === 0 && [...deployment.files.keys()].every((name) => names.has(name))
  const open = keys.open(folder, build)
  if (whole && (await context.documents.find(open)) !== undefined) documents.deleteDocument(open)
  const blobs = new Map(files.map(({ path, blob }) => [path, blob]))
  await describeVersion({ documents: documents.reader }, documents, folder, build, now, {
    documents: documents.reader,
    artifacts: { find: async (path) => blobs.get(path) ?? context.artifacts.find(path) },
    log: context.log,
  })
}
