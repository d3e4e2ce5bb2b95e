import type { Artifact } from './artifact.js'
import type { ArtifactReader } from './artifact-reader.js'

export interface FileWalk {
  /** Behind this path. */
  readonly after?: string | undefined
  /** Not asked for the folder it begins with. */
  readonly enter: (folder: string) => boolean
}

/** Every file of a repository, folder by folder, each in byte order; a file before a folder of its name. */
export async function* walkFiles(reader: ArtifactReader, { after, enter }: FileWalk, folder = ''): AsyncIterable<Artifact> {
  const below = (name: string) => (folder === '' ? name : `${folder}/${name}`)
  let passed: string | undefined
  if (after !== undefined) {
    const cut = after.indexOf('/')
    passed = cut < 0 ? after : after.slice(0, cut)
    const rest = cut < 0 ? undefined : after.slice(cut + 1)
    // What stands behind a file may lie in a folder of the same name.
    if (enter(below(passed))) yield* walkFiles(reader, { after: rest, enter }, below(passed))
  }
  for await (const entry of reader.list(folder, passed === undefined ? {} : { after: passed })) {
    if (entry.kind === 'file') yield entry.artifact
    else if (enter(below(entry.name))) yield* walkFiles(reader, { enter }, below(entry.name))
  }
}
