import {
  type Artifact,
  conflict,
  empty,
  notFound,
  type ProtocolRequest,
  principalId,
  type Reply,
  type RepositoryContext,
  text,
} from '#core'
import { cacheControl } from './caching.js'
import { readChecksum } from './checksum-text.js'
import { type CommittedBuild, keys, loadDeployment } from './deployment.js'
import { quietPeriod } from './file-upload.js'
import { type ChecksumAlgorithm, type MavenPath } from './layout.js'
import { admitFile } from './repository-rules.js'
import { resolveFile } from './snapshots.js'

/** Expectations that one build may hold before its files come. */
const mostSums = 200

type ChecksumPath = Extract<MavenPath, { readonly kind: 'checksum' }>

/** PUT of a checksum: compared with the file that is there, remembered for one that is not, never stored (maven dossier 4.2). A mismatch is 409, and
 *  since no client fails for it, it keeps the build from being published as well. */
export async function putChecksum(
  request: ProtocolRequest<unknown>,
  context: RepositoryContext,
  path: ChecksumPath,
  now: Date,
): Promise<Reply> {
  const { algorithm, target, of } = path
  const file = of.kind === 'metadata' ? undefined : admitFile(target, of, context.repository)
  const hex = await readChecksum(request.body, algorithm)
  // Their hash is of the client's text, which nobody serves.
  if (of.kind === 'metadata') return empty(201)
  const artifact = await context.artifacts.find(target)
  const actual = artifact && (await context.artifacts.digest(target, algorithm))
  if (actual === hex) {
    if (file && (await context.documents.find(keys.sum(file.folder, file.build, file.name, algorithm))))
      await context
        .change()
        .deleteDocument(keys.sum(file.folder, file.build, file.name, algorithm))
        // It may have been all that its deployment waited for.
        .remind(new Date(now.getTime() + quietPeriod), [file.folder.versionFolder, 'open', file.build])
        .commit()
    return empty(201)
  }
  if (file) await remember(context, file, algorithm, hex, now)
  if (actual === undefined) return empty(201)
  throw conflict(`The ${algorithm} of ${target} is ${actual}, sent was ${hex}`, {
    detail: { title: 'Checksum differs', algorithm, expected: hex, actual },
  })
}

async function remember(
  context: RepositoryContext,
  { folder, build, name }: { readonly folder: Parameters<typeof keys.sum>[0]; readonly build: string; readonly name: string },
  algorithm: ChecksumAlgorithm,
  hex: string,
  now: Date,
): Promise<void> {
  const { sums, committed } = await loadDeployment(context.documents, folder, build)
  // What is published cannot be poisoned any more.
  if (committed?.files.includes(name)) return
  if (sums.length >= mostSums)
    throw conflict('Too many checksums of files that have not come', { detail: { title: 'Too many checksums' } })
  await context
    .change()
    .putDocument(keys.sum(folder, build, name, algorithm), { hex, by: principalId(context.principal), at: now.getTime() })
    .commit()
}

/** GET of a stored file's checksum: of what we serve under the name, from our own record. */
export async function getChecksum(
  request: ProtocolRequest<unknown>,
  context: RepositoryContext,
  { algorithm, target, of }: ChecksumPath,
  now: Date,
): Promise<Reply> {
  const found = of.kind === 'checksum' ? undefined : await resolveFile(context, target, of)
  if (!found) throw notFound('file', `${target}.${algorithm}`)
  if (request.method === 'HEAD' && (await isArriving(context, found.artifact, of, now)))
    throw notFound('file', `${target}.${algorithm}`)
  return checksumReply(await context.artifacts.digest(found.artifact.path, algorithm), cacheControl(context, found.final))
}

/** Ivy and sbt look with a HEAD whether a checksum is there, and give up a publication where it is: until its file is published only a GET finds it. */
async function isArriving(context: RepositoryContext, artifact: Artifact, meant: MavenPath, now: Date): Promise<boolean> {
  if (context.repository.kind !== 'hosted') return false
  if (meant.kind !== 'artifact') return now.getTime() - artifact.modified.getTime() < quietPeriod
  const build = (await context.documents.find(keys.build(meant.folder, meant.build)))?.value as unknown as
    | CommittedBuild
    | undefined
  return build?.files.includes(meant.name) !== true && artifact.path.endsWith(`/${meant.name}`)
}

/** Nothing but the digits, not even a newline. */
export function checksumReply(hex: string, caching: string): Reply {
  return {
    ...text(200, hex, {
      'content-type': 'text/plain',
      'cache-control': caching,
    }),
    etag: `"${hex}"`,
  }
}
