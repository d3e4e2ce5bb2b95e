import type { DocumentReader, DocumentWriter, JsonObject, RepositoryContext } from '#core'
import { keys, nextStamp, stampOf } from './deployment.js'
import { listGroupPlugin } from './group-plugins.js'
import { describeArtifact, type LatestVersion } from './latest-version.js'
import { parseVersionFolder } from './layout.js'
import { asJson } from './publication.js'
import { compareVersions } from './version-order.js'

/** Versions came back: the highest one, what search shows and the group's plugins follow from what is there now, whatever was published or removed
 *  since they went. Every document that may have changed is dated anew, also where it says again what it said before. */
export async function mendVersions(
  packages: ReadonlySet<string>,
  context: RepositoryContext,
  documents: DocumentReader,
  change: DocumentWriter,
  now: Date,
): Promise<void> {
  for (const pkg of packages) {
    const stamp = await stampOf(documents, pkg)
    if (stamp !== undefined)
      change.putDocument(keys.stamp(pkg), { ...stamp, dated: await nextStamp(context.documents, pkg, now) })
  }
  const present: DocumentReader = {
    head: (pkg) => documents.head(pkg),
    find: (key) => (key.at(-1) === 'stamp' ? context.documents : documents).find(key),
    get: (key) => documents.get(key),
    list: (prefix, query) => documents.list(prefix, query),
  }
  for (const pkg of packages) {
    const head = (await context.documents.head(pkg))?.sequence ?? 0
    const highest = await highestVersion(pkg, documents)
    const folder = highest === undefined ? undefined : parseVersionFolder(`${pkg}/${highest}`)
    if (highest === undefined || folder === undefined) continue
    const facts = ((await documents.find(keys.facts(folder)))?.value ?? {}) as JsonObject
    change.requireHead(pkg, head)
    const latest: LatestVersion = { version: highest, facts }
    change.putDocument(keys.latest(folder), asJson(latest))
    change.describe(pkg, describeArtifact(pkg, latest))
    await listGroupPlugin({ documents: present }, change, folder, facts, now)
  }
}

async function highestVersion(pkg: string, documents: DocumentReader): Promise<string | undefined> {
  let highest: string | undefined
  for await (const { key } of documents.list([pkg, 'version'])) {
    const version = key[2] ?? ''
    if (highest === undefined || compareVersions(version, highest) > 0) highest = version
  }
  return highest
}
