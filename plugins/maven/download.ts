import {
  bytes,
  notFound,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  repositoryRoute,
  type ServedIndex,
} from '#core'
import { cacheControl } from './caching.js'
import { getChecksum } from './checksum-files.js'
import { contentTypeOf } from './content-types.js'
import { stampOf } from './deployment.js'
import { digestOf } from './derived-digest.js'
import { metadataName, parseMavenPath } from './layout.js'
import { toFolder } from './listing.js'
import { resolveFile } from './snapshots.js'

export const download = repositoryRoute({
  method: 'GET',
  path: '/{path+}',
  permission: 'artifacts.read',
  async handle(request, context) {
    const { path } = request.params
    const parsed = parseMavenPath(path)
    if (parsed.kind === 'metadata') return getMetadata(request, context, parsed.folder)
    if (parsed.kind === 'checksum')
      return getChecksum(context, parsed, async (folder) => (await (await metadataOf(context, folder)).rendered('xml')).body)
    const found = await resolveFile(context, path, parsed)
    if (!found) {
      const folder = await toFolder(context, path)
      if (folder) return folder
      throw notFound('file', path)
    }
    const { artifact, final, alias } = found
    const { md5, sha1, sha256, sha512 } = artifact.digests
    return bytes(artifact, {
      contentType: contentTypeOf(artifact.path),
      // Old resolvers and Gradle read a SHA-1 out of the tag's own shape only; a bare one is safe for all.
      etag: `"${sha1 ?? sha256}"`,
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

async function metadataOf(context: RepositoryContext, folder: string): Promise<ServedIndex> {
  const served = await context.index('metadata', folder)
  if (!served) throw notFound('file', folder === '' ? metadataName : `${folder}/${metadataName}`)
  return served
}

/** Its tag is of its bytes; its date is a whole second that rises with every change, since some clients look at nothing else (maven dossier 5.4). */
async function getMetadata(request: ProtocolRequest<unknown>, context: RepositoryContext, folder: string): Promise<Reply> {
  const served = await metadataOf(context, folder)
  const { body } = await served.rendered('xml')
  const reply = await served.reply('xml', request as ProtocolRequest)
  const second = await stampOf(context.documents, folder)
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'x-checksum-md5': digestOf(body, 'md5'),
      'x-checksum-sha1': digestOf(body, 'sha1'),
      'x-checksum-sha256': digestOf(body, 'sha256'),
    },
    modified: second === undefined ? served.modified : new Date(second * 1_000),
    ranges: true,
  }
}
