import { conflict, KeyedQueue, type PackageHead, RegistryError, type RepositoryContext } from '#core'
import { noSuchPackage } from './npm-error.js'
import { findPackage, type PackageDocument, readPackage, revisionOf, type StoredPackage } from './package-documents.js'

/** Attempts of one change whose package moved on under it, in another process: in this one they stand in a queue. */
const attempts = 12
const queue = new KeyedQueue()

/** Runs one change of a package after the other: `change` reads what is there, decides and commits under `requireHead`. Where the commit finds
 *  that something moved on, it is asked again from the beginning. Throws `conflict`, which clients retry, when that never ends. */
export async function changePackage<Result>(
  pkg: string,
  { organization, repository }: RepositoryContext,
  change: () => Promise<Result>,
): Promise<Result> {
  return queue.run([JSON.stringify([organization.id, repository.id, pkg])], () => repeated(pkg, change))
}

/** The package at the revision that the address names. Throws `not-found`; `conflict` where it has moved on. */
export async function storedAt(rev: string, pkg: string, context: RepositoryContext): Promise<StoredPackage> {
  const stored = await readPackage(pkg, context.documents)
  if (stored === undefined) throw noSuchPackage(pkg)
  holdTo(rev, pkg, stored.head)
  return stored
}

/** The same without its versions, where no revision is named at whichever it is. */
export async function presentPackage(
  pkg: string,
  { documents }: RepositoryContext,
  rev?: string,
): Promise<{ readonly head: PackageHead; readonly document: PackageDocument }> {
  const head = await documents.head(pkg)
  const document = await findPackage(pkg, documents)
  if (head === undefined || document === undefined) throw noSuchPackage(pkg)
  if (rev !== undefined) holdTo(rev, pkg, head)
  return { head, document }
}

function holdTo(rev: string, pkg: string, { sequence }: PackageHead): void {
  if (rev !== revisionOf(pkg, sequence)) throw conflict('conflict', { detail: { worded: true } })
}

async function repeated<Result>(pkg: string, change: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change()
    } catch (failure) {
      if (!movedOn(failure)) throw failure
      if (attempt === attempts)
        throw conflict(`Failed to save packument. Another change of ${JSON.stringify(pkg)} came first.`, { cause: failure })
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt))
    }
  }
}

/** What a commit throws when a condition did not hold; what we decided ourselves is worded, and final. */
function movedOn(failure: unknown): boolean {
  return (
    failure instanceof RegistryError &&
    (failure.kind === 'stale' || failure.kind === 'conflict') &&
    failure.detail['worded'] !== true
  )
}
