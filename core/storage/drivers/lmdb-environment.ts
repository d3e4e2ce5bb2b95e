import { open, type RootDatabase } from 'lmdb'
import { unavailable } from '../../errors/registry-error.js'

/** The flags are those of security guide 1.8, each said even where it is the library's default. Throws `unavailable`. */
export function openEnvironment(folder: string, readOnly: boolean, mapBytes = 64 * 1024 ** 3): RootDatabase<Buffer, Buffer> {
  try {
    return open<Buffer, Buffer>({
      path: folder,
      noSubdir: false,
      keyEncoding: 'binary',
      encoding: 'binary',
      readOnly,
      // With it a commit is seen before it is durable, and an answer could rest on what a power cut takes back.
      overlappingSync: false,
      noSync: false,
      noMetaSync: false,
      // A full disk would be a signal that ends the process.
      useWritemap: false,
      compression: false,
      cache: false,
      maxReaders: 512,
      mapSize: mapBytes,
    })
  } catch (cause) {
    throw unavailable('The metadata store cannot be opened', 30, { cause })
  }
}
