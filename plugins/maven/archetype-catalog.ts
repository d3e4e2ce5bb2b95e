import { Builder } from 'xml2js'
import type { DocumentKey, DocumentReader, DocumentWriter, JsonObject, PackageIndex, RepositoryContext } from '#core'
import { type ArchetypeRecord, archetypeList, keys, nextStamp, stampOf } from './deployment.js'
import type { VersionFolder } from './layout.js'

type Documents = Pick<RepositoryContext, 'documents'>

/** Every published version of every archetype, by coordinates; undefined where the repository has none. */
export const archetypeIndex: PackageIndex<readonly ArchetypeRecord[]> = {
  name: 'archetypes',
  etag: 'strong',
  async load(list, documents) {
    if ((await stampOf(documents, list)) === undefined) return undefined
    const found: ArchetypeRecord[] = []
    for await (const { value } of documents.list([list, 'archetype'])) found.push(value as unknown as ArchetypeRecord)
    return found.length === 0 ? undefined : found
  },
  render: (archetypes) => ({ contentType: 'text/xml', body: Buffer.from(renderCatalog(archetypes)) }),
}

const builder = new Builder({
  rootName: 'archetype-catalog',
  xmldec: { version: '1.0', encoding: 'UTF-8' },
  renderOpts: { pretty: true, indent: '  ', newline: '\n' },
})

function renderCatalog(archetypes: readonly ArchetypeRecord[]): string {
  const entries = archetypes.map(({ groupId, artifactId, version, description }) => ({
    groupId,
    artifactId,
    version,
    ...(description === undefined ? {} : { description }),
  }))
  return `${builder.buildObject({ archetypes: { archetype: entries } })}\n`
}

/** Writes into `change` what the catalog says of this version, by its facts. */
export async function listArchetype(
  { documents }: Documents,
  change: DocumentWriter,
  folder: VersionFolder,
  facts: JsonObject,
  now: Date,
): Promise<void> {
  if (facts['archetype'] !== true) return unlistArchetypes({ documents }, change, [folder], now)
  const key = keys.archetype(folder)
  const before = (await documents.find(key))?.value as unknown as ArchetypeRecord | undefined
  const { groupId, artifactId, baseVersion: version } = folder
  const description = facts['description'] ?? facts['title']
  if (before !== undefined && before.description === description) return
  await catalogChanges(documents, change, now)
  change.putDocument(key, { groupId, artifactId, version, ...(description === undefined ? {} : { description }) })
}

/** Writes into `change` that the catalog no longer lists these versions. */
export async function unlistArchetypes(
  { documents }: Documents,
  change: DocumentWriter,
  folders: readonly VersionFolder[],
  now: Date,
): Promise<void> {
  const listed: DocumentKey[] = []
  for (const key of folders.map(keys.archetype)) if ((await documents.find(key)) !== undefined) listed.push(key)
  if (listed.length === 0) return
  await catalogChanges(documents, change, now)
  for (const key of listed) change.deleteDocument(key)
}

async function catalogChanges(documents: DocumentReader, change: DocumentWriter, now: Date): Promise<void> {
  change.requireHead(archetypeList, (await documents.head(archetypeList))?.sequence ?? 0)
  change.putDocument(keys.stamp(archetypeList), { second: await nextStamp(documents, archetypeList, now) })
}
