import { type Json, notFound, type PackageKeeping, principalId, type RepositoryContext, unprocessable } from '#core'
import { type CommittedBuild, type CommittedVersion, keys, nextStamp } from './deployment.js'
import { parseMavenPath, parseVersionFolder, type VersionFolder } from './layout.js'
import { contradictionOf, isPom, type PomFacts } from './pom-parser.js'
import { describeVersion } from './publication.js'
import { uncountBuild } from './removal.js'
import { admitFile } from './repository-rules.js'
import { mendVersions } from './restored-versions.js'
import { artifactRemoval, buildsOf, hold, removeFiles } from './version-removal.js'

/** Versions of an artifact: every file of their folder, and what metadata is made from. */
export function keeping(now: () => Date): PackageKeeping {
  return {
    keyOf: (name) => (name.includes(':') ? name.replaceAll('.', '/').replace(':', '/') : name),
    async *versions(pkg, { documents }) {
      for await (const { key, value } of documents.list([pkg, 'version'])) {
        const version = key[2] ?? ''
        const { at, snapshot } = value as unknown as CommittedVersion
        const builds = snapshot ? { builds: await buildsOf(folderOf(pkg, version), documents) } : {}
        yield { version, publishedAt: new Date(at), snapshot, ...builds }
      }
    },
    async remove(pkg, version, context, change, build) {
      const folder = folderOf(pkg, version)
      await hold(folder, context, change)
      const builds = await buildsOf(folder, context.documents)
      if (!builds.some(({ id }) => build === undefined || id === build)) throw notFound('version', `${pkg} ${build ?? version}`)
      await removeFiles(folder, context, change, now(), build)
      await uncountBuild(context, change, folder, build, now())
    },
    removeAll: (pkg, context) => artifactRemoval(pkg, context, now),
    async copy(pkg, version, from, to, change) {
      const folder = folderOf(pkg, version)
      await hold(folder, to, change)
      for await (const { key, value } of from.documents.list([folder.versionFolder, 'build']))
        await copyBuild(folder, key[2] ?? '', value as unknown as CommittedBuild, from, to, change, now())
      // In the order of commits: timestamps in names are those of the machines that built.
      const newest = (await buildsOf(folder, from.documents)).at(-1)?.id
      if (newest === undefined) throw notFound('version', `${pkg} ${version}`)
      change.putDocument(keys.stamp(folder.versionFolder), {
        second: await nextStamp(to.documents, folder.versionFolder, now()),
      })
      await describeVersion(to, change, folder, newest, now(), from)
    },
    mend: (packages, context, documents, change) => mendVersions(packages, context, documents, change, now()),
    merge(key, { before, after, now: present }) {
      // Files of one build may have been removed one after the other, and come back in any order.
      if (key[1] !== 'build') return JSON.stringify(present) === JSON.stringify(after) ? before : (present ?? before)
      const counted = [before, present].flatMap((one) => (one === undefined ? [] : (one as unknown as CommittedBuild).files))
      const base = (present ?? before) as unknown as CommittedBuild
      return { ...base, files: [...new Set(counted)].sort() } as unknown as Json
    },
  }
}

type Change = ReturnType<RepositoryContext['change']>

async function copyBuild(
  folder: VersionFolder,
  build: string,
  committed: CommittedBuild,
  from: RepositoryContext,
  to: RepositoryContext,
  change: Change,
  now: Date,
): Promise<void> {
  const pom = (await from.documents.find(keys.pom(folder, build)))?.value as unknown as PomFacts | undefined
  const record = { by: principalId(to.principal), at: now.getTime() }
  for (const name of committed.files) {
    const path = `${folder.versionFolder}/${name}`
    const file = admitFile(path, parseMavenPath(path), to.repository)
    const wrong = pom !== undefined && file !== undefined && isPom(file) && to.repository.layoutPolicy === 'strict'
    const contradiction = wrong ? contradictionOf(pom, file) : undefined
    if (contradiction !== undefined) throw unprocessable(contradiction)
    change.putArtifact(path, await to.reuse(await from.artifacts.get(path)), { replace: build === 'literal' })
    change.putDocument(keys.file(folder, build, name), record)
  }
  const before = (await to.documents.find(keys.build(folder, build)))?.value as unknown as CommittedBuild | undefined
  const files = [...new Set([...(before?.files ?? []), ...committed.files])].sort()
  const head = (await to.documents.head(folder.versionFolder))?.sequence ?? 0
  change.putDocument(keys.build(folder, build), { ...record, order: before?.order ?? head + committed.order, files })
  if (pom !== undefined) change.putDocument(keys.pom(folder, build), pom)
}

function folderOf(pkg: string, version: string): VersionFolder {
  const folder = parseVersionFolder(`${pkg}/${version}`)
  if (folder === undefined) throw notFound('package', pkg)
  return folder
}
