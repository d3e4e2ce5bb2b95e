import { randomBytes } from 'node:crypto'
import { access, open, realpath, stat } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'

export interface RootKeyFile {
  readonly path: string
  /** Made just now: somebody has to be told to back it up. */
  readonly made: boolean
  /** Others on this machine may read it. */
  readonly exposed: boolean
}

/** Finds the file of the root key: the one that was named, else the one beside the data folder (`./data.key` for `./data`), which is made where the
 *  folder is `unused`. Throws where data would be without its key, or the key inside the data (security guide 2.1). */
export async function placeRootKey(dataFolder: string, named: string | undefined, unused: boolean): Promise<RootKeyFile> {
  const path = named === undefined ? `${dataFolder}.key` : resolve(named)
  const there = await exists(path)
  if (!there && named !== undefined) throw new Error(`CLOUDREPO_ROOT_KEY: ${path} cannot be read`)
  if (!there && !unused)
    throw new Error(`The data folder ${dataFolder} has data, but its root key ${path} is missing; without it nothing can be read`)
  const folder = await realpath(there ? path : dirname(path))
  if (isInside(folder, dataFolder))
    throw new Error(`The root key ${path} lies inside the data folder; a copy of the data would carry its key`)
  if (!there) await make(path)
  return { path, made: !there, exposed: ((await stat(path)).mode & 0o077) !== 0 }
}

/** `id:base64` lines, the first is current. Durable before anything is sealed with it. */
async function make(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o400)
  try {
    await file.writeFile(`k1:${randomBytes(32).toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}

/** Is `path` this folder, or below it? */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`))
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
