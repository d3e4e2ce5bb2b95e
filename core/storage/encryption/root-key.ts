import { randomBytes } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { internal, invalid } from '../../errors/registry-error.js'
import { unwrapKey, wrapContext, wrapKey } from './key-wrap.js'

/** What a wrapped organization key is of; all of it is authenticated. */
export interface RootKeyContext {
  readonly purpose: 'organization' | 'canary'
  readonly organizationId: string
  readonly version: number
}

/** Whoever holds the root key; it wraps organization keys and nothing else, and never leaves its provider (security guide 2.1). */
export interface RootKeyProvider {
  /** A new 256-bit key and its wrapped form. */
  generate(context: RootKeyContext): Promise<{ readonly key: Uint8Array; readonly wrapped: string }>
  /** Throws `internal` where it was wrapped for another context, or by a key that is not here. */
  unwrap(context: RootKeyContext, wrapped: string): Promise<Uint8Array>
  /** The same key under the current root key; as it was where that wrapped it already. */
  rewrap(context: RootKeyContext, wrapped: string): Promise<string>
  /** Ids of the root keys at hand; the first wraps. */
  describe(): readonly string[]
}

export interface RootKey {
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

const identifier = /^[A-Za-z0-9._-]{1,64}$/
const line = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=)$/

/** Root keys in memory: from a file, or from whoever composes a house. The first wraps, all open. */
export class LocalRootKeys implements RootKeyProvider {
  readonly #keys: ReadonlyMap<string, Uint8Array>
  readonly #current: RootKey

  /** Throws `invalid` without a key, on one that is short or blank, and on an id that stands twice. */
  constructor(keys: readonly RootKey[]) {
    const [current] = keys
    if (current === undefined) throw invalid('There is no root key')
    const byId = new Map<string, Uint8Array>()
    for (const { id, key } of keys) {
      if (!identifier.test(id) || byId.has(id)) throw invalid(`The root key '${id}' has a malformed id, or one that stands twice`)
      if (key.length !== 32 || key.every((byte) => byte === key[0])) throw invalid(`The root key '${id}' is not 32 random bytes`)
      byId.set(id, key)
    }
    this.#keys = byId
    this.#current = current
  }

  /** Lines of `id:base64`. Throws `invalid` where the file is unreadable, is open to others than its owner, or is not what it should be. */
  static async fromFile(path: string): Promise<LocalRootKeys> {
    const lines = (await readPrivate(path)).split('\n').filter((text) => text.trim() !== '')
    return new LocalRootKeys(
      lines.map((text, index) => {
        // A message names the line by its number: what stands there is a secret.
        const [, id, key] = line.exec(text.trim()) ?? []
        if (id === undefined || key === undefined)
          throw invalid(`Line ${index + 1} of the root key file is not id:base64 of 32 bytes`)
        return { id, key: Buffer.from(key, 'base64') }
      }),
    )
  }

  async generate(context: RootKeyContext): Promise<{ readonly key: Uint8Array; readonly wrapped: string }> {
    const key = randomBytes(32)
    return { key, wrapped: this.#wrap(context, key) }
  }

  async unwrap(context: RootKeyContext, wrapped: string): Promise<Uint8Array> {
    const id = idIn(wrapped)
    const root = this.#keys.get(id)
    if (root === undefined) throw internal(new Error(`The root key '${id}' is not at hand`))
    try {
      return unwrapKey(root, wrapped.slice(id.length + 1), contextOf(context))
    } catch (cause) {
      throw internal(new Error('A wrapped organization key does not open', { cause }))
    }
  }

  async rewrap(context: RootKeyContext, wrapped: string): Promise<string> {
    return idIn(wrapped) === this.#current.id ? wrapped : this.#wrap(context, await this.unwrap(context, wrapped))
  }

  describe(): readonly string[] {
    return [...this.#keys.keys()]
  }

  #wrap(context: RootKeyContext, key: Uint8Array): string {
    return `${this.#current.id}:${wrapKey(this.#current.key, key, contextOf(context))}`
  }
}

/** The mode is asked of the file that is read, not of one that had its name before. */
async function readPrivate(path: string): Promise<string> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const found = await file.stat()
    if (!found.isFile() || found.size > 65_536) throw new Error('It is no key file')
    if ((found.mode & 0o077) !== 0) throw new Error('Others than its owner may use it: give it mode 0400')
    return await file.readFile('utf8')
  } catch (cause) {
    throw invalid(`The root key file is refused: ${cause instanceof Error ? cause.message : 'unreadable'}`, { cause })
  } finally {
    await file?.close()
  }
}

function idIn(wrapped: string): string {
  return wrapped.slice(0, Math.max(0, wrapped.indexOf(':')))
}

function contextOf({ purpose, organizationId, version }: RootKeyContext): string {
  return wrapContext(purpose, organizationId, 'organization-key', version)
}
