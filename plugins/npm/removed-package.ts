import { type Document, type DocumentKey, principalId, type RepositoryChangeSet, type RepositoryContext } from '#core'
import { houseClock } from './house-clock.js'
import { changePackage } from './package-changes.js'
import {
  documentKeys,
  type PackageDocument,
  type StarDocument,
  type StoredPackage,
  type TagDocument,
  type VersionDocument,
} from './package-documents.js'
import { inCommits, type Leaving, removeVersion, tombstoneBy } from './version-removal.js'

/** When somebody looks for leftovers again, should their removal have been interrupted. */
const leftoversAfter = 10 * 60_000
const documentsPerCommit = 50

/** Records that a package goes, by one row: from its commit on nothing of it is there, however large it is. */
export function recordRemoval(
  pkg: string,
  { head, document }: StoredPackage,
  { principal }: RepositoryContext,
  change: RepositoryChangeSet,
): void {
  const now = houseClock.now()
  const { maintainers: _maintainers, ...rest } = document
  change
    .requireHead(pkg, head.sequence)
    .putDocument(documentKeys.package(pkg), {
      ...rest,
      maintainers: [],
      removed: { at: now.toISOString(), by: principalId(principal) },
    })
    .describe(pkg, undefined)
    .remind(new Date(now.getTime() + leftoversAfter), documentKeys.package(pkg))
}

/** Removes a package. Returns the new sequence. */
export async function removePackage(pkg: string, stored: StoredPackage, context: RepositoryContext): Promise<number> {
  const change = context.change().deletion({ package: pkg })
  recordRemoval(pkg, stored, context, change)
  return (await change.commit()).heads.get(pkg) ?? 0
}

/** Takes away what a package that is gone already left behind: what fails here is found again by the reminder. */
export async function cleanUp(pkg: string, context: RepositoryContext): Promise<void> {
  try {
    await removeLeftovers(pkg, context)
  } catch (cause) {
    context.log.warn('npm.leftovers', { package: pkg, cause })
  }
}

/** Removes what lies about of generations that are gone: tags and stars, then versions with their files, commit by commit. */
export async function removeLeftovers(pkg: string, context: RepositoryContext): Promise<void> {
  const owner = (await context.documents.find(documentKeys.package(pkg)))?.value as PackageDocument | undefined
  if (owner === undefined) return
  /** The last generation that is gone; none ever comes back. */
  const last = owner.removed === undefined ? owner.generation - 1 : owner.generation
  await removeOlder(pkg, documentKeys.tags(pkg), last, context)
  await removeOlder(pkg, documentKeys.stars(pkg), last, context)
  const leaving: Leaving[] = []
  for await (const { key, value } of context.documents.list(documentKeys.versions(pkg))) {
    const [, , version = '', part] = key
    const { generation, parts } = value as VersionDocument
    if (part === undefined && generation <= last) leaving.push({ version, ...(parts === undefined ? {} : { parts }) })
  }
  const tombstone = owner.removed === undefined ? tombstoneBy(context) : { v: 1 as const, ...owner.removed }
  for (const batch of inCommits(leaving)) {
    await changePackage(pkg, context, async () => {
      const changes = context.change().deletion({ package: pkg, partial: true })
      // Somebody else may have been here meanwhile, after a reminder.
      for (const each of batch) {
        if ((await context.documents.find(documentKeys.version(pkg, each.version))) !== undefined)
          removeVersion(pkg, each, tombstone, changes)
      }
      await changes.commit()
    })
  }
}

async function removeOlder(pkg: string, prefix: DocumentKey, last: number, context: RepositoryContext): Promise<void> {
  const isOlder = ({ value }: Document) => (value as TagDocument | StarDocument).generation <= last
  const older: DocumentKey[] = []
  for await (const document of context.documents.list(prefix)) if (isOlder(document)) older.push(document.key)
  for (let start = 0; start < older.length; start += documentsPerCommit) {
    await changePackage(pkg, context, async () => {
      const changes = context.change().deletion({ package: pkg, partial: true })
      for (const key of older.slice(start, start + documentsPerCommit)) {
        const found = await context.documents.find(key)
        if (found !== undefined && isOlder(found)) changes.deleteDocument(key, { revision: found.revision })
      }
      await changes.commit()
    })
  }
}
