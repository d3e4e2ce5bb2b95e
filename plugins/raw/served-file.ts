import { type Artifact, bytes, type ProtocolRequest, type Reply, type RepositoryContext } from '#core'
import { servedType } from './content-type.js'
import { wantedDigests } from './digest-headers.js'

/** What a page of a site may do: have a look, images and links, and nothing that runs or is sent. Without scripts its origin does no harm, and its own style
 *  sheets are let in. */
const sitePolicy = [
  ...['sandbox allow-same-origin allow-downloads', "default-src 'none'", "style-src 'self' 'unsafe-inline'"],
  ...["img-src 'self' data:", "font-src 'self'", "media-src 'self'", "frame-ancestors 'none'"],
].join('; ')
const shown = /^(?:text\/(?:html|css)|image\/svg\+xml|font\/|application\/xhtml\+xml)/i

/** A file as it goes out. Pages are shown by a repository that has a host name of its own and says so; anywhere else they are attachments. */
export async function serveFile(
  artifact: Artifact,
  request: Pick<ProtocolRequest, 'header'>,
  context: RepositoryContext,
): Promise<Reply> {
  const { repository } = context
  const contentType = servedType(artifact)
  const reply = bytes(artifact, {
    contentType,
    immutable: repository.writePolicy === 'once',
    download: { package: artifact.path },
    headers: await wantedDigests((name) => request.header(name), artifact, context.artifacts),
  })
  if (!isSite(context) || !shown.test(contentType)) return reply
  const { 'content-disposition': _, ...headers } = reply.headers
  return { ...reply, headers: { ...headers, 'content-security-policy': sitePolicy } }
}

function isSite({ repository, mountUrl }: RepositoryContext): boolean {
  return repository.indexPages === true && repository.host !== undefined && mountUrl.hostname === repository.host
}
