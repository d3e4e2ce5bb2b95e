import type { Clock } from '../../runtime/clock.js'
import type { BlobCipher } from './crb1-format.js'
import type { WrappedKey } from './keys.js'

const milliseconds = 60_000

export interface KeptCipher {
  readonly cipher: BlobCipher
  /** The stored header was compared with this one. */
  headerSeen: boolean
}

interface Place extends KeptCipher {
  readonly wrapped: WrappedKey
  readonly keptAt: number
}

/** Ciphers of opened data keys, least recently used; a minute each, so that a destroyed organization key is noticed as early as by its own cache. */
export class CipherCache {
  readonly #places = new Map<string, Place>()

  constructor(
    private readonly most: number,
    private readonly clock: Clock,
  ) {}

  /** Only for the very same wrapped key: another one has to be opened, and may not fit. */
  find(organizationId: string, blobId: string, wrapped: WrappedKey): KeptCipher | undefined {
    const id = `${organizationId}/${blobId}`
    const place = this.#places.get(id)
    if (place === undefined || place.wrapped.k !== wrapped.k || place.wrapped.v !== wrapped.v) return undefined
    this.#places.delete(id)
    if (this.clock.monotonic() - place.keptAt >= milliseconds) return undefined
    this.#places.set(id, place)
    return place
  }

  keep(organizationId: string, blobId: string, wrapped: WrappedKey, cipher: BlobCipher): KeptCipher {
    const id = `${organizationId}/${blobId}`
    const place: Place = { cipher, wrapped, headerSeen: false, keptAt: this.clock.monotonic() }
    this.#places.delete(id)
    this.#places.set(id, place)
    if (this.#places.size > this.most) {
      const [oldest] = this.#places.keys()
      if (oldest !== undefined) this.#places.delete(oldest)
    }
    return place
  }

  forget(organizationId: string, blobId: string): void {
    this.#places.delete(`${organizationId}/${blobId}`)
  }
}
