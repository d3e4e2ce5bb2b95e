import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { internal, RegistryError } from '../../errors/registry-error.js'

/** What a wrapped organization key is of; all of it is authenticated. */
export interface RootKeyContext {
  readonly purpose: string
  readonly organizationId: string
  readonly version: number
}

/** Whoever holds the root key; it wraps organization keys and nothing else, and never leaves its provider (security guide 2.1). */
export interface RootKeyProvider {
  /** A new key and its wrapped form. */
  generate(context: RootKeyContext): Promise<{ readonly key: Uint8Array; readonly wrapped: string }>
  /** Throws `internal` where it was wrapped for another context, or by a key that is not here. */
  unwrap(context: RootKeyContext, wrapped: string): Promise<Uint8Array>
  /** The same key under the current root key. */
  rewrap(context: RootKeyContext, wrapped: string): Promise<string>
  /** Ids of the root keys at hand; the first wraps. */
  describe(): readonly string[]
}

export interface RootKey {
  readonly id: string
  readonly key: Uint8Array
}

const line = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=)$/

/** Root keys in memory: from a file, or from whoever composes a house. */
export class LocalRootKeys implements RootKeyProvider {
  private readonly keys: ReadonlyMap<string, Uint8Array>
  private readonly current: RootKey

  constructor(keys: readonly RootKey[]) {
    const [current] = keys
    if (!current) throw new Error('There is no root key')
    for (const { id, key } of keys) if (key.length !== 32) throw new Error(`The root key ${id} is not 32 bytes long`)
    this.current = current
    this.keys = new Map(keys.map(({ id, key }) => [id, key]))
  }

  /** `id:base64` lines, the first is current. Throws on a key that is blank, short or malformed. */
  static async fromFile(path: string): Promise<LocalRootKeys> {
    const lines = (await readFile(path, 'utf8')).split('\n').filter((text) => text.trim() !== '')
    return new LocalRootKeys(
      lines.map((text, index) => {
        const [, id = '', key = ''] = line.exec(text.trim()) ?? []
        if (id === '') throw new Error(`The root key ${path} is malformed in line ${index + 1}: it wants id:base64 of 32 bytes`)
        return { id, key: Buffer.from(key, 'base64') }
      }),
    )
  }

  async generate(context: RootKeyContext): Promise<{ readonly key: Uint8Array; readonly wrapped: string }> {
    const key = randomBytes(32)
    return { key, wrapped: this.wrap(context, key) }
  }

  async unwrap(context: RootKeyContext, wrapped: string): Promise<Uint8Array> {
    const cut = wrapped.indexOf(':')
    const key = this.keys.get(wrapped.slice(0, cut))
    if (!key)
      throw new RegistryError('internal', 'Internal error', {
        cause: new Error(`the root key ${wrapped.slice(0, cut)} is not here`),
      })
    return openWrapped(key, aad(context), Buffer.from(wrapped.slice(cut + 1), 'base64'))
  }

  async rewrap(context: RootKeyContext, wrapped: string): Promise<string> {
    return this.wrap(context, await this.unwrap(context, wrapped))
  }

  describe(): readonly string[] {
    return [...this.keys.keys()]
  }

  private wrap(context: RootKeyContext, key: Uint8Array): string {
    return `${this.current.id}:${sealKey(this.current.key, aad(context), key).toString('base64')}`
  }
}

function aad({ purpose, organizationId, version }: RootKeyContext): Buffer {
  return Buffer.from(`${purpose}|${organizationId}|organization-key|${version}`)
}

/** AES-256-GCM with a random 96-bit nonce: nonce ‖ ciphertext ‖ tag. */
export function sealKey(by: Uint8Array, associated: Uint8Array, key: Uint8Array): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', by, nonce, { authTagLength: 16 }).setAAD(associated)
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
}

/** Throws `internal` where it does not open: another key, another context, or damage. */
export function openWrapped(by: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (sealed.length < 28) throw internal(new Error('a wrapped key is too short'))
  const decipher = createDecipheriv('aes-256-gcm', by, sealed.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(associated).setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  } catch (cause) {
    throw internal(new Error('a wrapped key does not open', { cause }))
  }
}
