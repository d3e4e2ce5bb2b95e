import { invalid, notFound, type ProtocolRequest, type Reply, type RepositoryContext } from '#core'
import { meantType } from './content-type.js'
import { promisedDigests } from './digest-headers.js'
import { holdTarget, storeFile } from './stored-file.js'

/** A client that offers a digest in place of the bytes, and sends them after a 404. */
export function isChecksumDeploy(request: Pick<ProtocolRequest, 'header'>): boolean {
  return request.header('x-checksum-deploy')?.trim().toLowerCase() === 'true'
}

/** Gives one more name to bytes that the caller could have read and sent himself, in this organization. Only a sha256 can ask for them: contents that
 *  share a weaker digest can be made. */
export async function deployByChecksum(path: string, request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const length = request.header('content-length')
  if ((length !== undefined && length !== '0') || request.header('transfer-encoding') !== undefined)
    throw invalid('A checksum deploy has no body')
  const { sha256, ...others } = promisedDigests((name) => request.header(name))
  const held = await holdTarget(path, (name) => request.header(name), context)
  const known = sha256 === undefined ? undefined : await context.findContent(sha256)
  const contradicted = Object.entries(others).some(([name, hex]) => {
    const stored = known?.digests[name as keyof typeof others]
    return stored !== undefined && stored !== hex
  })
  if (known === undefined || contradicted) throw notFound('Content for a checksum deploy', path)
  const blob = await context.reuse(known)
  return storeFile({ path, blob, type: meantType(request.header('content-type')) ?? known.contentType, held }, context)
}
