import type { JsonObject, RepositoryContext } from '#core'
import { keys, nextStamp } from './deployment.js'
import type { VersionFolder } from './layout.js'
import { goalPrefix } from './plugin-prefix.js'

/** Writes into `change` that the artifact's group lists it, or no longer does: it is listed while its newest version is a Maven plugin
 *  (maven dossier 2.3). `facts`: of that version, undefined where none is left. */
export async function listGroupPlugin(
  context: RepositoryContext,
  change: ReturnType<RepositoryContext['change']>,
  folder: VersionFolder,
  facts: JsonObject | undefined,
  now: Date,
): Promise<void> {
  const { documents } = context
  const { artifactId } = folder
  const groupFolder = groupFolderOf(folder)
  const key = keys.plugin(groupFolder, artifactId)
  const head = (await documents.head(groupFolder))?.sequence ?? 0
  const before = (await documents.find(key))?.value as JsonObject | undefined
  const name = facts?.['title'] ?? artifactId
  const listed = facts?.['packaging'] === 'maven-plugin'
  if (listed ? before?.['name'] === name : before === undefined) return
  if (listed) change.putDocument(key, { name, prefix: goalPrefix(artifactId) })
  else change.deleteDocument(key)
  change.requireHead(groupFolder, head)
  change.putDocument(keys.stamp(groupFolder), { second: await nextStamp(documents, groupFolder, now) })
}

export function groupFolderOf({ artifactFolder }: VersionFolder): string {
  return artifactFolder.slice(0, artifactFolder.lastIndexOf('/'))
}
