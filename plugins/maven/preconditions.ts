import { type Artifact, holdPreconditions as hold, type PutOptions, preconditionNames, type RepositoryContext } from '#core'

type Read = (name: string) => string | undefined

/** The strong tag of a stored file. Old resolvers and Gradle read a SHA-1 out of the tag's own shape only; a bare one is safe for all. */
export function fileTag({ digests: { sha1, sha256 } }: Artifact): string {
  return `"${sha1 ?? sha256}"`
}

/** `holdPreconditions` of the kernel, by this format's tags. */
export function holdPreconditions(read: Read, current: Artifact | undefined): PutOptions['if'] {
  return hold(read, current, current && fileTag(current))
}

/** The same before the body is asked for; a client that sets no condition, as build tools do, costs no look. */
export async function holdBeforeBody(read: Read, path: string, context: RepositoryContext): Promise<PutOptions['if']> {
  if (preconditionNames.every((name) => read(name) === undefined)) return undefined
  return holdPreconditions(read, await context.artifacts.find(path))
}
