import type { Dirent, Stats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { unavailable } from '../../errors/registry-error.js'
import { errorCode } from './volume.js'

/** What lies in a folder; nothing where there is none. */
export async function* entriesOf(folder: string): AsyncIterable<Dirent> {
  try {
    yield* await opendir(folder, { bufferSize: 256 })
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw unavailable('The blob store cannot be listed', 5, { cause })
  }
}

export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (cause) {
    const code = errorCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unavailable('The blob store cannot be read', 5, { cause })
  }
}
