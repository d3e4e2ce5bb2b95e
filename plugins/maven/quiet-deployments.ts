import type { DocumentKey, RepositoryContext } from '#core'
import { keys, lastActivity, loadDeployment } from './deployment.js'
import { quietPeriod } from './file-upload.js'
import { parseVersionFolder } from './layout.js'
import { publish } from './publication.js'

/** So long a deployment may stay incomplete before its files go (maven dossier 7.3). */
const expiry = 24 * 60 * 60_000

/** Ivy, sbt and curl send no metadata: a deployment that has been quiet for a while is complete. `key`: the version folder, 'open', the build. */
export async function settleQuiet(key: DocumentKey, context: RepositoryContext, now: Date): Promise<void> {
  const [path, , build = ''] = key
  const folder = parseVersionFolder(path)
  const open = folder && (await context.documents.find(keys.open(folder, build)))
  if (folder === undefined || open === undefined) return
  const deployment = await loadDeployment(context.documents, folder, build)
  const quietSince = lastActivity(deployment)
  if (now.getTime() - quietSince < quietPeriod) {
    await context
      .change()
      .remind(new Date(quietSince + quietPeriod), key)
      .commit()
    return
  }
  const missing = await publish(context, folder, build, now)
  if (missing === undefined) return
  if (now.getTime() - quietSince < expiry) {
    await context
      .change()
      .remind(new Date(quietSince + expiry), key)
      .commit()
    return
  }
  context.log.info('maven.deployment-expired', {
    repository: context.repository.id,
    version: folder.baseVersion,
    reason: missing,
  })
  const counted = new Set(deployment.committed?.files ?? [])
  const change = context.change().deleteDocument(keys.open(folder, build)).deleteDocument(keys.declared(folder, build))
  for (const { name, algorithm } of deployment.sums.slice(0, 20)) change.deleteDocument(keys.sum(folder, build, name, algorithm))
  for (const name of [...deployment.files.keys()].filter((file) => !counted.has(file)).slice(0, 20))
    change.deleteArtifact(`${folder.versionFolder}/${name}`).deleteDocument(keys.file(folder, build, name))
  await change.commit()
}
