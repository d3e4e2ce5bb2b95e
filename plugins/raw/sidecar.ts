import {
  conflict,
  type DigestName,
  invalid,
  type Reply,
  type Repository,
  type RepositoryContext,
  type StagedBlob,
  text,
} from '#core'

const extensions: Readonly<Record<string, DigestName>> = { md5: 'md5', sha1: 'sha1', sha256: 'sha256', sha512: 'sha512' }

/** Bytes of a sidecar that is verified: a digest, and a name as coreutils write it. */
const longest = 4 * 1024

/** What the pass over files takes that come together with their sidecars. */
export function sidecarDigests({ verifySidecars }: Repository): readonly DigestName[] {
  return verifySidecars === true ? Object.values(extensions) : []
}

/** Where the repository wants it, a sidecar says of its file what is true, if that file is there. Looked up before the commit, as everything that is no
 *  condition. `beside`: files that come with it, staged with `sidecarDigests`. Throws `conflict` where it says another digest, `invalid` where it says
 *  none. */
export async function holdSidecar(
  path: string,
  blob: StagedBlob,
  context: RepositoryContext,
  beside: ReadonlyMap<string, StagedBlob> = new Map(),
): Promise<void> {
  const spoken = context.repository.verifySidecars === true ? spokenOf(path) : undefined
  const file = spoken && (beside.get(spoken.path) ?? (await context.artifacts.find(spoken.path)))
  if (!spoken || !file) return
  const content = await blob.small(longest)
  const said = content && /^\s*\\?([0-9a-f]+)(?:\s|$)/i.exec(Buffer.from(content).toString('latin1'))?.[1]?.toLowerCase()
  if (said === undefined) throw invalid(`${path} begins with no ${spoken.name} digest in hex`)
  const hex = file.digests[spoken.name] ?? (await context.artifacts.digest(spoken.path, spoken.name))
  if (said !== hex) throw conflict(`The ${spoken.name} digest of ${spoken.path} is ${hex}`)
}

function spokenOf(path: string): { readonly path: string; readonly name: DigestName } | undefined {
  const cut = path.lastIndexOf('.')
  const name = extensions[path.slice(cut + 1)]
  return name === undefined ? undefined : { path: path.slice(0, cut), name }
}

/** `f.sha256` and its kin where no such file is stored but `f` is: the lower-case hex alone, without a newline (raw dossier 7). */
export async function computedSidecar(path: string, context: RepositoryContext): Promise<Reply | undefined> {
  const spoken = spokenOf(path)
  const artifact = spoken && (await context.artifacts.find(spoken.path))
  if (!spoken || !artifact) return undefined
  const { name } = spoken
  const hex = artifact.digests[name] ?? (await context.artifacts.digest(artifact.path, name))
  return { ...text(200, hex), etag: `"${hex}"`, modified: artifact.modified, ranges: true }
}
