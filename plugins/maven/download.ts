import {
  bytes,
  type Download,
  notFound,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  repositoryRoute,
  type ServedIndex,
} from '#core'
import { archetypeIndex } from './archetype-catalog.js'
import { cacheControl } from './caching.js'
import { checksumReply, getChecksum } from './checksum-files.js'
import { contentTypeOf } from './content-types.js'
import { archetypeList, dateOf, stampOf } from './deployment.js'
import { digestOf } from './derived-digest.js'
import { type MavenPath, parseMavenPath } from './layout.js'
import { toFolder } from './listing.js'
import { metadataIndex } from './metadata-index.js'
import { fileTag } from './preconditions.js'
import { resolveFile } from './snapshots.js'

/** `now`: the house's clock. */
export const download = (now: () => Date) =>
  repositoryRoute({
    method: 'GET',
    path: '/{path+}',
    permission: 'artifacts.read',
    async handle(request, context) {
      const { path } = request.params
      const parsed = parseMavenPath(path)
      if (parsed.kind === 'metadata' || parsed.kind === 'catalog') return getDerived(request, context, parsed, path)
      if (parsed.kind === 'checksum') {
        const { algorithm, of, target } = parsed
        if (of.kind === 'metadata' || of.kind === 'catalog') {
          const { body } = await (await derivedDocument(context, of, target)).rendered('xml')
          return checksumReply(digestOf(body, algorithm), cacheControl(context, false))
        }
        return getChecksum(request, context, parsed, now())
      }
      const found = await resolveFile(context, path, parsed)
      if (!found) {
        const folder = await toFolder(context, path)
        if (folder) return folder
        throw notFound('file', path)
      }
      const { artifact, final, alias } = found
      const { md5, sha1, sha256, sha512 } = artifact.digests
      const counted = downloadOf(parsed)
      return bytes(artifact, {
        contentType: contentTypeOf(artifact.path),
        ...(counted === undefined ? {} : { download: counted }),
        etag: fileTag(artifact),
        headers: {
          ...(md5 === undefined ? {} : { 'x-checksum-md5': md5 }),
          ...(sha1 === undefined ? {} : { 'x-checksum-sha1': sha1 }),
          'x-checksum-sha256': sha256,
          ...(sha512 === undefined ? {} : { 'x-checksum-sha512': sha512 }),
          'cache-control': cacheControl(context, final),
          ...(alias === undefined ? {} : { 'content-location': encodeURIComponent(alias) }),
        },
      })
    },
  })

/** A file of a version counts; what signs one does not, nor does what the layout does not know. */
function downloadOf(parsed: MavenPath): Download | undefined {
  if (parsed.kind !== 'artifact' || parsed.opaque || parsed.signatureOf !== undefined) return undefined
  return { package: parsed.folder.artifactFolder, version: parsed.folder.baseVersion }
}

type DerivedPath = Extract<MavenPath, { readonly kind: 'metadata' | 'catalog' }>

async function derivedDocument(context: RepositoryContext, meant: DerivedPath, path: string): Promise<ServedIndex> {
  const served =
    meant.kind === 'metadata'
      ? await context.index(metadataIndex.name, meant.folder)
      : await context.index(archetypeIndex.name, archetypeList)
  if (!served) throw notFound('file', path)
  return served
}

/** Its tag is of its bytes; its date is a whole second that rises with every change, since some clients look at nothing else (maven dossier 5.4). */
async function getDerived(
  request: ProtocolRequest<unknown>,
  context: RepositoryContext,
  meant: DerivedPath,
  path: string,
): Promise<Reply> {
  const served = await derivedDocument(context, meant, path)
  const { body } = await served.rendered('xml')
  const reply = await served.reply('xml', request as ProtocolRequest)
  const stamp = await stampOf(context.documents, meant.kind === 'metadata' ? meant.folder : archetypeList)
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'x-checksum-md5': digestOf(body, 'md5'),
      'x-checksum-sha1': digestOf(body, 'sha1'),
      'x-checksum-sha256': digestOf(body, 'sha256'),
    },
    modified: stamp === undefined ? served.modified : new Date(dateOf(stamp) * 1_000),
    // A range is of the bytes as they are.
    ranges: reply.headers?.['content-encoding'] === undefined,
  }
}
