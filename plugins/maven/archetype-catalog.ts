import { Builder } from 'xml2js'
import type { DocumentWriter, JsonObject, PackageIndex, RepositoryContext } from '#core'
import { type ArchetypeRecord, archetypeList, keys, nextStamp, stampOf } from './deployment.js'
import type { VersionFolder } from './layout.js'

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

/** Writes into `change` that the catalog lists this version, or no longer does. `facts`: of the version, undefined where it goes. */
export async function listArchetype(
  { documents }: Pick<RepositoryContext, 'documents'>,
  change: DocumentWriter,
  folder: VersionFolder,
  facts: JsonObject | undefined,
  now: Date,
): Promise<void> {
  const key = keys.archetype(folder)
  const before = (await documents.find(key))?.value as unknown as ArchetypeRecord | undefined
  const listed = facts?.['archetype'] === true
  if (!listed && before === undefined) return
  const { groupId, artifactId, baseVersion: version } = folder
  const description = facts?.['description'] ?? facts?.['title']
  if (listed && before !== undefined && before.description === description) return
  const head = (await documents.head(archetypeList))?.sequence ?? 0
  if (listed) change.putDocument(key, { groupId, artifactId, version, ...(description === undefined ? {} : { description }) })
  else change.deleteDocument(key)
  change.requireHead(archetypeList, head)
  change.putDocument(keys.stamp(archetypeList), { second: await nextStamp(documents, archetypeList, now) })
}
