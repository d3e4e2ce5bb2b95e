import type { DocumentKey, RepositoryContext } from '#core'
import { bundleList } from './bundle-record.js'
import { type Deployment, keys, lastActivity, loadDeployment } from './deployment.js'
import { quietPeriod } from './file-upload.js'
import { parseVersionFolder, type VersionFolder } from './layout.js'
import { publish } from './publication.js'

/** So long a deployment may stay incomplete before its files go (maven dossier 7.3). */
const expiry = 24 * 60 * 60_000
const batch = 20

/** Ivy, sbt and curl send no metadata: a deployment that has been quiet for a while is complete. `key`: the version folder, 'open', the build; or that
 *  of a bundle's record, which nobody asks for any more. */
export async function settleQuiet(key: DocumentKey, context: RepositoryContext, now: Date): Promise<void> {
  const [path, , build = ''] = key
  if (path === bundleList) {
    await context.change().deleteDocument(key).commit()
    return
  }
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
  await takeAway(context, folder, deployment)
}

/** A commit has 100 mutations: its files first, batch by batch, then what tells that it was open. */
async function takeAway(context: RepositoryContext, folder: VersionFolder, deployment: Deployment): Promise<void> {
  const { build, committed, files, sums } = deployment
  const names = [...files.keys()].filter((name) => committed?.files.includes(name) !== true)
  for (let at = 0; at < names.length; at += batch) {
    const change = context
      .change()
      .deletion({ package: folder.artifactFolder, version: folder.baseVersion, reason: 'never completed' })
    for (const name of names.slice(at, at + batch))
      change.deleteArtifact(`${folder.versionFolder}/${name}`).deleteDocument(keys.file(folder, build, name))
    await change.commit()
  }
  for (let at = 0; at < sums.length; at += batch) {
    const change = context.change()
    for (const { name, algorithm } of sums.slice(at, at + batch)) change.deleteDocument(keys.sum(folder, build, name, algorithm))
    await change.commit()
  }
  const end = context.change()
  for (const kind of ['open', 'declared', 'contested'] as const) end.deleteDocument(keys[kind](folder, build))
  if (committed === undefined) end.deleteDocument(keys.pom(folder, build))
  await end.commit()
}
