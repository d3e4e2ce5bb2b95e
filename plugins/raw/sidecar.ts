import { type DigestName, type Reply, type RepositoryContext, text } from '#core'

const extensions: Readonly<Record<string, DigestName>> = { md5: 'md5', sha1: 'sha1', sha256: 'sha256', sha512: 'sha512' }

/** `f.sha256` and its kin where no such file is stored but `f` is: the lower-case hex alone, without a newline (raw dossier 7). */
export async function computedSidecar(path: string, context: RepositoryContext): Promise<Reply | undefined> {
  const cut = path.lastIndexOf('.')
  const name = extensions[path.slice(cut + 1)]
  if (name === undefined) return undefined
  const artifact = await context.artifacts.find(path.slice(0, cut))
  if (artifact === undefined) return undefined
  const hex = artifact.digests[name] ?? (await context.artifacts.digest(artifact.path, name))
  return { ...text(200, hex), etag: `"${hex}"`, modified: artifact.modified, ranges: true }
}
