import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { conflict, RegistryError, tooLarge, unavailable } from '../../errors/registry-error.js'
import { checkBlobKey, checkBlobPrefix, checkRange } from '../blob-key.js'
import type { BlobKey, BlobStore, BlobWriter, Stray } from '../blob-store.js'
import type { ByteRange } from '../bytes.js'
import { FileReader, openFile } from './file-reader.js'
import { FsBlobWriter } from './fs-blob-writer.js'
import { composedSuffix, composeFiles, openComposed, removeComposed, statComposed } from './fs-composed-blob.js'
import { asideFolder, dropFile, setFileAside, strayFiles } from './fs-strays.js'
import { entriesOf, statOf } from './fs-walk.js'
import { defaultReserve, errorCode, hasRoom, type Reserve, syncFolder, writeFailure } from './volume.js'

export interface FsBlobOptions {
  /** Made where absent. */
  readonly folder: string
  readonly reserve?: Reserve
}

/** So many folders are remembered as durable; then they are looked at anew. */
const foldersKnown = 65_536

/** Blobs as files under their keys, durable under the rules of security guide 1.8. */
export class FsBlobStore implements BlobStore {
  readonly name = 'files'
  #state: 'open' | 'suspect' | 'closed' = 'open'
  readonly #steps = {
    syncFile: (handle: FileHandle) => this.syncFile(handle),
    rename: (from: string, to: string) => this.rename(from, to),
    syncFolder: (folder: string) => this.syncFolder(folder),
    checkVolume: () => this.#checkWritable(),
    suspect: (cause: unknown) => this.#suspect(cause),
  }
  /** Folders whose own names are durable, or are being made so: nothing in them counts before. */
  readonly #folders = new Map<string, Promise<void>>()

  protected constructor(private readonly options: FsBlobOptions) {}

  static async open(options: FsBlobOptions): Promise<FsBlobStore> {
    const store = new this(options)
    await mkdir(options.folder, { recursive: true, mode: 0o700 })
    await store.syncFolder(dirname(options.folder))
    return store
  }

  async create(key: BlobKey): Promise<BlobWriter> {
    checkBlobKey(key)
    this.#checkWritable()
    const path = join(this.options.folder, key)
    const handle = await this.#createPart(path)
    try {
      // Only now: while the part is ours nobody else can finish this key.
      const found = await Promise.all([statOf(path), statOf(path + composedSuffix)])
      if (found.some((one) => one !== undefined)) throw conflict('The blob exists')
    } catch (thrown) {
      await handle.close()
      await rm(`${path}.part`, { force: true })
      throw thrown
    }
    return new FsBlobWriter(key, path, handle, this.#steps)
  }

  async compose(key: BlobKey, pieces: readonly BlobKey[]): Promise<boolean> {
    for (const one of [key, ...pieces]) checkBlobKey(one)
    this.#checkWritable()
    const path = join(this.options.folder, key)
    await this.#makeFolders(dirname(path))
    try {
      const files = pieces.map((piece) => join(this.options.folder, piece))
      return await composeFiles(path, files, { rename: this.#steps.rename, syncFolder: (folder) => this.#syncedFolder(folder) })
    } catch (cause) {
      if (cause instanceof RegistryError) throw cause
      if (errorCode(cause) === 'EIO') this.#suspect(cause)
      throw writeFailure(cause)
    }
  }

  async open(key: BlobKey, range?: ByteRange): Promise<Readable> {
    const handle = await this.#openBlob(key).catch(async (thrown: unknown) => {
      const composed = isMissing(thrown) ? await openComposed(join(this.options.folder, key), key, range) : undefined
      if (composed === undefined) throw thrown
      return composed
    })
    if (handle instanceof Readable) return handle
    try {
      const { start, end } = range === undefined ? { start: 0, end: (await handle.stat()).size } : checkRange(range, range.end)
      return new FileReader(handle, start, end)
    } catch (thrown) {
      await handle.close()
      throw thrown
    }
  }

  async read(key: BlobKey, limit: number): Promise<Uint8Array> {
    const handle = await this.#openBlob(key).catch(async (thrown: unknown) => {
      const composed = isMissing(thrown) ? await this.#readComposed(key, limit) : undefined
      if (composed === undefined) throw thrown
      return composed
    })
    if (handle instanceof Uint8Array) return handle
    try {
      // One byte more than allowed tells a larger file without asking for its size.
      const room = limit < 1024 * 1024 ? limit + 1 : Math.min(limit, (await handle.stat()).size) + 1
      const content = Buffer.allocUnsafe(room)
      let size = 0
      // A regular file gives less than asked for at its end alone: mostly one read.
      for (let asked = room, got = room; got === asked && size < room; size += got) {
        asked = room - size
        got = (await handle.read(content, size, asked, size)).bytesRead
      }
      if (size > limit) throw tooLarge('The blob is larger than asked for')
      return content.subarray(0, size)
    } catch (cause) {
      throw cause instanceof RegistryError ? cause : unavailable('The blob cannot be read', 5, { cause })
    } finally {
      await handle.close()
    }
  }

  async stat(key: BlobKey): Promise<{ readonly size: number; readonly storedAt: Date } | undefined> {
    checkBlobKey(key)
    this.#checkOpen()
    const path = join(this.options.folder, key)
    const found = await statOf(path)
    return found?.isFile() === true ? { size: found.size, storedAt: found.mtime } : statComposed(path)
  }

  async delete(key: BlobKey): Promise<void> {
    checkBlobKey(key)
    this.#checkOpen()
    const path = join(this.options.folder, key)
    try {
      await rm(path, { force: true })
      await removeComposed(path)
    } catch (cause) {
      throw writeFailure(cause)
    }
  }

  async *list(prefix: string): AsyncIterable<BlobKey> {
    checkBlobPrefix(prefix)
    this.#checkOpen()
    yield* this.#walk(prefix)
  }

  async *strays(prefix: string): AsyncIterable<Stray> {
    checkBlobPrefix(prefix)
    this.#checkOpen()
    yield* strayFiles(this.options.folder, prefix)
  }

  async setAside(key: BlobKey): Promise<void> {
    checkBlobKey(key)
    this.#checkWritable()
    await setFileAside(this.options.folder, key)
  }

  async dropStray(stray: Pick<Stray, 'kind' | 'key'>): Promise<void> {
    checkBlobKey(stray.key)
    this.#checkOpen()
    await dropFile(this.options.folder, stray)
  }

  headroom(size: number): Promise<boolean> {
    return hasRoom(this.options.folder, size, this.options.reserve ?? defaultReserve)
  }

  async close(): Promise<void> {
    this.#state = 'closed'
  }

  protected syncFile(handle: FileHandle): Promise<void> {
    return handle.sync()
  }
  protected rename(from: string, to: string): Promise<void> {
    return rename(from, to)
  }
  protected syncFolder(folder: string): Promise<void> {
    return syncFolder(folder)
  }

  async #createPart(path: string): Promise<FileHandle> {
    await this.#makeFolders(dirname(path))
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_RDWR
    try {
      return await open(`${path}.part`, flags, 0o600)
    } catch (cause) {
      const code = errorCode(cause)
      if (code === 'EEXIST') throw conflict('The blob is being written')
      // Somebody took a folder away: it is made again for the next upload.
      if (code === 'ENOENT') this.#folders.clear()
      throw writeFailure(cause)
    }
  }

  /** Each is durable before the next is made in it, and before anybody writes into it, whoever made it: once in the life of this store. */
  async #makeFolders(folder: string): Promise<void> {
    let parent = this.options.folder
    for (const name of folder.slice(parent.length).split('/').filter(Boolean)) {
      const child = join(parent, name)
      let made = this.#folders.get(child)
      if (made === undefined) {
        if (this.#folders.size >= foldersKnown) this.#folders.clear()
        made = this.#makeFolder(parent, child)
        this.#folders.set(child, made)
      }
      try {
        await made
      } catch (cause) {
        this.#folders.delete(child)
        throw writeFailure(cause)
      }
      parent = child
    }
  }

  async #makeFolder(parent: string, child: string): Promise<void> {
    await mkdir(child, { mode: 0o700 }).catch((thrown: unknown) => {
      if (errorCode(thrown) !== 'EEXIST') throw thrown
    })
    await this.#syncedFolder(parent)
  }

  async #syncedFolder(folder: string): Promise<void> {
    try {
      await this.syncFolder(folder)
    } catch (cause) {
      this.#suspect(cause)
      throw cause
    }
  }

  /** Too many open files: the flush was never asked for, and its upload fails alone. */
  #suspect(cause: unknown): void {
    const code = errorCode(cause)
    if (this.#state === 'open' && code !== 'EMFILE' && code !== 'ENFILE') this.#state = 'suspect'
  }

  #openBlob(key: BlobKey): Promise<FileHandle> {
    checkBlobKey(key)
    this.#checkOpen()
    return openFile(join(this.options.folder, key), key)
  }

  async #readComposed(key: BlobKey, limit: number): Promise<Uint8Array | undefined> {
    const found = await statComposed(join(this.options.folder, key))
    if (found === undefined) return undefined
    if (found.size > limit) throw tooLarge('The blob is larger than asked for')
    return buffer(await this.open(key))
  }

  async *#walk(prefix: string): AsyncIterable<BlobKey> {
    for await (const entry of entriesOf(join(this.options.folder, prefix))) {
      if (entry.isDirectory()) {
        if (entry.name.endsWith(composedSuffix)) yield prefix + entry.name.slice(0, -composedSuffix.length)
        else if (!entry.name.endsWith('.part') && (prefix !== '' || entry.name !== asideFolder))
          yield* this.#walk(`${prefix}${entry.name}/`)
      } else if (entry.isFile() && !entry.name.endsWith('.part')) yield prefix + entry.name
    }
  }

  #checkOpen(): void {
    if (this.#state === 'closed') throw unavailable('The blob store is closed')
  }
  #checkWritable(): void {
    this.#checkOpen()
    if (this.#state === 'suspect') throw unavailable('The blob store takes no writes: its volume failed', 30)
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof RegistryError && thrown.kind === 'not-found'
}
