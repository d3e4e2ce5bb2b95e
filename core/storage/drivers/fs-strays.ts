import { mkdir, rename, rm, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobKey, Stray } from '../blob-store.js'
import { entriesOf, statOf } from './fs-walk.js'
import { errorCode, writeFailure } from './volume.js'

/** Beside the folders of organizations, whose ids never read so. */
export const asideFolder = 'orphan'
const part = '.part'

/** Files that are no blobs: `.part` files beside their places, and what was set aside. */
export async function* strayFiles(root: string, prefix: string): AsyncIterable<Stray> {
  yield* files(root, prefix, 'part')
  yield* files(join(root, asideFolder), prefix, 'aside')
}

async function* files(root: string, prefix: string, kind: Stray['kind']): AsyncIterable<Stray> {
  for await (const entry of entriesOf(join(root, prefix))) {
    if (entry.isDirectory()) {
      if (kind === 'aside' || prefix !== '' || entry.name !== asideFolder) yield* files(root, `${prefix}${entry.name}/`, kind)
    } else if (entry.isFile() && entry.name.endsWith(part) === (kind === 'part')) {
      const found = await statOf(join(root, prefix, entry.name))
      const name = kind === 'part' ? entry.name.slice(0, -part.length) : entry.name
      if (found) yield { kind, key: prefix + name, size: found.size, since: found.mtime }
    }
  }
}

/** Its time becomes that of the move. */
export async function setFileAside(root: string, key: BlobKey): Promise<void> {
  const from = join(root, key)
  const to = join(root, asideFolder, key)
  try {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    const now = new Date()
    await utimes(from, now, now)
    await rename(from, to)
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw writeFailure(cause)
  }
}

export async function dropFile(root: string, { kind, key }: Pick<Stray, 'kind' | 'key'>): Promise<void> {
  try {
    await rm(kind === 'part' ? join(root, `${key}${part}`) : join(root, asideFolder, key), { force: true })
  } catch (cause) {
    throw writeFailure(cause)
  }
}
