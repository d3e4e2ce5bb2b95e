import { type Artifact, holdPreconditions as hold, type PutOptions } from '#core'

/** The strong tag of a file: same bytes, same tag. */
export function etagOf(sha256: string): string {
  return `"${sha256}"`
}

/** `holdPreconditions` of the kernel, by this format's tags. */
export function holdPreconditions(read: (name: string) => string | undefined, current: Artifact | undefined): PutOptions['if'] {
  return hold(read, current, current && etagOf(current.digests.sha256))
}
