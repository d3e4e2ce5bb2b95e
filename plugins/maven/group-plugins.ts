import type { DocumentWriter, JsonObject, RepositoryContext } from '#core'
import { keys, nextStamp, type PluginRecord } from './deployment.js'
import type { VersionFolder } from './layout.js'
import { goalPrefix } from './plugin-prefix.js'

/** Writes into `change` that the artifact's group lists it, or no longer does: it is listed while its newest version is a Maven plugin
 *  (maven dossier 2.3). `facts`: of that version, undefined where none is left. */
export async function listGroupPlugin(
  { documents }: Pick<RepositoryContext, 'documents'>,
  change: DocumentWriter,
  folder: VersionFolder,
  facts: JsonObject | undefined,
  now: Date,
): Promise<void> {
  const { artifactId } = folder
  const groupFolder = groupFolderOf(folder)
  const key = keys.plugin(groupFolder, artifactId)
  const head = (await documents.head(groupFolder))?.sequence ?? 0
  const before = (await documents.find(key))?.value as unknown as PluginRecord | undefined
  if (facts?.['packaging'] !== 'maven-plugin') {
    if (before === undefined) return
    change.deleteDocument(key)
  } else {
    const name = String(facts['pluginName'] ?? facts['title'] ?? artifactId)
    const prefix = String(facts['goalPrefix'] ?? goalPrefix(artifactId))
    if (before?.name === name && before.prefix === prefix) return
    change.putDocument(key, { name, prefix, at: now.getTime() })
  }
  change.requireHead(groupFolder, head)
  change.putDocument(keys.stamp(groupFolder), { second: await nextStamp(documents, groupFolder, now) })
}

export function groupFolderOf({ artifactFolder }: VersionFolder): string {
  return artifactFolder.slice(0, artifactFolder.lastIndexOf('/'))
}
