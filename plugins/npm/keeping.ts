import semver from 'semver'
import { forbidden, notFound, type PackageKeeping, principalId, type RepositoryChangeSet } from '#core'
import { houseClock } from './house-clock.js'
import { factsOf } from './manifest.js'
import {
  type AttestationDocument,
  documentKeys,
  findVersion,
  type PackageDocument,
  type ReadmeDocument,
  readPackage,
  type StoredPackage,
  type StoredVersion,
  versionDocuments,
} from './package-documents.js'
import { checkTag, quoted, tarballPath } from './package-name.js'
import { cleanUp, recordRemoval } from './removed-package.js'
import { holdTagRoom } from './tag-room.js'
import { moveTags } from './unpublish.js'
import { removeVersion, tombstoneBy } from './version-removal.js'

/** Versions of an npm package: tarball, manifest, readme, and the tags that name them. */
export const keeping: PackageKeeping = {
  async *versions(pkg, { documents }) {
    const stored = await readPackage(pkg, documents)
    if (stored === undefined) return
    const tagged = new Map<string, string[]>()
    for (const [tag, { version }] of stored.tags) tagged.set(version, [...(tagged.get(version) ?? []), tag])
    for (const { version, publishedAt, deprecated } of stored.versions.values()) {
      const tags = tagged.get(version) ?? []
      const held = tags.length > 0 ? { tags, held: `the dist-tag ${tags.join(', ')}` } : {}
      const advice = deprecated === '' ? {} : { advice: { kind: 'deprecated' as const, reason: deprecated } }
      yield { version, publishedAt: new Date(publishedAt), ...held, ...advice }
    }
  },
  async status(pkg, { documents }) {
    const stored = await readPackage(pkg, documents)
    if (stored === undefined) return undefined
    const all = [...stored.versions.values()]
    return { status: all.every(({ deprecated }) => deprecated !== '') ? 'deprecated' : 'active' }
  },
  async remove(pkg, version, context, change) {
    const stored = await readPackage(pkg, context.documents)
    const leaving = stored?.versions.get(version)
    if (stored === undefined || leaving === undefined) throw notFound('version', `${pkg}@${version}`)
    change.requireHead(pkg, stored.head.sequence)
    await moveTags(pkg, stored, new Set([version]), new Map(), context, change)
    removeVersion(pkg, leaving, tombstoneBy(context), change)
    if (stored.versions.size > 1) return
    const removed = { at: houseClock.now().toISOString(), by: principalId(context.principal) }
    change.putDocument(documentKeys.package(pkg), { ...stored.document, maintainers: [], removed })
    change.describe(pkg, undefined)
  },
  async *removeAll(pkg, context) {
    yield async (change) => {
      const stored = await readPackage(pkg, context.documents)
      if (stored === undefined) throw notFound('package', pkg)
      recordRemoval(pkg, stored, context, change)
    }
    await cleanUp(pkg, context)
  },
  async copy(pkg, version, from, to, change, { tags: wanted }) {
    const source = await findVersion(pkg, version, from.documents)
    if (source === undefined) throw notFound('version', `${pkg}@${version}`)
    const head = (await to.documents.head(pkg))?.sequence ?? 0
    change.requireHead(pkg, head)
    const target = await readPackage(pkg, to.documents)
    const there = target && (await findVersion(pkg, version, to.documents))
    if (there !== undefined && there.sha512 !== source.sha512)
      throw refused(`${quoted(`${pkg}@${version}`)} is there already, with other content`)
    if ((await to.documents.find(documentKeys.gone(pkg, version))) !== undefined)
      throw refused(`Cannot publish over previously unpublished version ${version}.`)
    const before = (await to.documents.find(documentKeys.package(pkg)))?.value as PackageDocument | undefined
    const owner = target?.document ?? (await freshOwner(pkg, before, from.documents))
    const { generation } = owner
    const at = { publishedAt: houseClock.now().toISOString(), publishedBy: principalId(to.principal) }
    const copied = there ?? { ...source, generation, ...at }
    if (there === undefined) {
      const path = tarballPath(pkg, version)
      change.putArtifact(path, await to.reuse(await from.artifacts.get(path)))
      for (const { key, value } of versionDocuments(pkg, copied)) change.putDocument(key, value, 'absent')
      if (target === undefined) change.putDocument(documentKeys.package(pkg), owner)
      const readme = (await from.documents.find(documentKeys.readme(pkg, version)))?.value as ReadmeDocument | undefined
      if (readme !== undefined) change.putDocument(documentKeys.readme(pkg, version), { ...readme, generation })
      const attestation = (await from.documents.find(documentKeys.attestation(pkg, version)))?.value as
        | AttestationDocument
        | undefined
      if (attestation !== undefined) change.putDocument(documentKeys.attestation(pkg, version), { ...attestation, generation })
    }
    putTags(pkg, copied, target, wanted, change)
  },
}

/** Those that were asked for; without that `latest`, unless the version is a pre-release or lower than what is latest there. */
function putTags(
  pkg: string,
  copied: StoredVersion,
  target: StoredPackage | undefined,
  wanted: readonly string[] | undefined,
  change: RepositoryChangeSet,
): void {
  const { version, generation } = copied
  const latest = target?.tags.get('latest')?.version
  const rises = latest === undefined || (semver.prerelease(version) === null && semver.gt(version, latest))
  const tags = new Set((wanted ?? (rises ? ['latest'] : [])).map(checkTag))
  if (target !== undefined) holdTagRoom(target.tags, new Map([...tags].map((tag) => [tag, version])))
  for (const tag of tags)
    change.putDocument(documentKeys.tag(pkg, tag), { v: 1, generation, version, explicit: wanted !== undefined })
  // Every package has a latest.
  const first = latest === undefined && !tags.has('latest')
  if (first) change.putDocument(documentKeys.tag(pkg, 'latest'), { v: 1, generation, version, explicit: false })
  if (first || tags.has('latest')) change.describe(pkg, factsOf(copied.full, copied.publishedAt))
}

async function freshOwner(
  pkg: string,
  before: PackageDocument | undefined,
  documents: Parameters<typeof readPackage>[1],
): Promise<PackageDocument> {
  const source = (await documents.find(documentKeys.package(pkg)))?.value as PackageDocument | undefined
  return {
    v: 1,
    generation: (before?.generation ?? 0) + 1,
    created: houseClock.now().toISOString(),
    maintainers: source?.maintainers ?? [],
  }
}

function refused(message: string) {
  return forbidden(message, { detail: { worded: true } })
}
