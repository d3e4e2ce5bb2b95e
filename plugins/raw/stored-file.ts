import { conflict, empty, type PutOptions, type Reply, type RepositoryContext, type StagedBlob } from '#core'
import { knownDigests } from './digest-headers.js'
import { encodePath, foldersAbove } from './file-path.js'
import { isFolder } from './folders.js'
import { refuseUnportable } from './portable-names.js'
import { etagOf, holdPreconditions } from './preconditions.js'
import { holdSidecar } from './sidecar.js'

/** What is to become a file. */
export interface NewFile {
  readonly path: string
  readonly blob: StagedBlob
  readonly type: string | undefined
  readonly held: PutOptions['if']
}

/** One file in one commit, and the answer that every way of storing it ends in: 201 new, 204 other bytes than before, 200 the same again. */
export async function storeFile({ path, blob, type, held }: NewFile, context: RepositoryContext): Promise<Reply> {
  await holdSidecar(path, blob, context)
  const { artifacts } = await context
    .change()
    .putArtifact(path, blob, {
      replace: true,
      ...(type === undefined ? {} : { contentType: type }),
      ...(held === undefined ? {} : { if: held }),
    })
    .commit()
  const headers = { etag: etagOf(blob.digests.sha256), ...knownDigests(blob.digests) }
  switch (artifacts.get(path)) {
    case 'replaced':
      return empty(204, headers)
    case 'same':
      return empty(200, headers)
    default:
      return empty(201, { location: context.mountUrl.href + encodePath(path), ...headers })
  }
}

/** May a file be put there? Asked before the body is, and of an upload in several requests when it begins and when it ends. What has to hold in the commit
 *  comes back. */
export async function holdTarget(
  path: string,
  read: (name: string) => string | undefined,
  context: RepositoryContext,
): Promise<PutOptions['if']> {
  refuseUnportable(path, context)
  const current = await context.artifacts.find(path)
  const held = holdPreconditions(read, current)
  if (current === undefined) await refuseFileBesideFolder(path, context)
  return held
}

/** A path is a file or a folder. Looked up before the commit: two that race may both stay, which every read survives (raw dossier 1). */
export async function refuseFileBesideFolder(path: string, context: RepositoryContext): Promise<void> {
  const [folder, ...above] = await Promise.all([
    isFolder(path, context),
    ...foldersAbove(path).map((one) => context.artifacts.find(one)),
  ])
  if (folder) throw conflict(`${path} is a folder`)
  const file = above.find((artifact) => artifact !== undefined)
  if (file !== undefined) throw conflict(`${file.path} is a file, nothing can lie below it`)
}
