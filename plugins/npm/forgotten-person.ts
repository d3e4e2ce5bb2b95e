import type { ErasedPerson, RepositoryContext } from '#core'
import { factsOf, withEmail } from './manifest.js'
import { changePackage } from './package-changes.js'
import {
  documentKeys,
  findPackage,
  findTag,
  listVersions,
  type Person,
  type StarDocument,
  type StoredVersion,
  versionDocuments,
} from './package-documents.js'

interface Named {
  readonly name?: string
}

/** Takes the names of a person out of all packages: as publisher and maintainer they are shown as `shownAs`, their stars go. Each package is a commit, or as
 *  many as it takes; doing it again changes nothing. How many packages were changed. */
export async function forgetPerson(person: ErasedPerson, context: RepositoryContext): Promise<number> {
  let count = 0
  for await (const { name } of context.packages()) if (await forgetIn(name, person, context)) count += 1
  return count
}

function forgetIn(pkg: string, person: ErasedPerson, context: RepositoryContext): Promise<boolean> {
  return changePackage(pkg, context, async () => {
    const { documents } = context
    const head = await documents.head(pkg)
    const owner = await findPackage(pkg, documents)
    if (head === undefined || owner === undefined) return false
    const changes = context.change().requireHead(pkg, head.sequence)
    const names = new Set(person.names)
    const replaced = ({ name, ...rest }: Person): Person => (names.has(name) ? { name: person.shownAs } : { name, ...rest })
    const latest = await findTag(pkg, 'latest', owner.generation, documents)
    let changed = false
    for await (const version of listVersions(pkg, owner.generation, documents)) {
      const own = version.publishedBy === person.id
      // They may have been called otherwise then.
      const publisher = publisherIn(version)
      if (own && publisher !== undefined) names.add(publisher)
      const next = without(version, replaced)
      if (next === undefined) continue
      changed = true
      for (const { key, value } of versionDocuments(pkg, next)) changes.putDocument(key, value)
      if (latest?.version === version.version) changes.describe(pkg, factsOf(next.full, next.publishedAt))
    }
    if (owner.maintainers.some(({ name }) => names.has(name))) {
      changed = true
      changes.putDocument(documentKeys.package(pkg), { ...owner, maintainers: owner.maintainers.map(replaced) })
    }
    const star = (await documents.find(documentKeys.star(pkg, person.id)))?.value as StarDocument | undefined
    if (star !== undefined) {
      changed = true
      changes.deleteDocument(documentKeys.star(pkg, person.id))
      changes.deleteDocument(documentKeys.starredBy(star.name, person.id, pkg))
    }
    if (changed) await changes.commit()
    return changed
  })
}

function publisherIn({ full }: StoredVersion): string | undefined {
  return (JSON.parse(full) as { readonly _npmUser?: Named })._npmUser?.name
}

/** Undefined where it names none of them. What the version's own package.json says of its authors is content, and stays. */
function without(version: StoredVersion, replaced: (person: Person) => Person): StoredVersion | undefined {
  const full = JSON.parse(version.full) as { readonly _npmUser?: Person; readonly maintainers?: readonly Person[] }
  const next = {
    ...full,
    ...(full._npmUser === undefined ? {} : { _npmUser: withEmail(replaced(full._npmUser)) }),
    ...(full.maintainers === undefined ? {} : { maintainers: full.maintainers.map((one) => withEmail(replaced(one))) }),
  }
  const text = JSON.stringify(next)
  return text === version.full ? undefined : { ...version, full: text }
}
