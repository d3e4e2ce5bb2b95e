import { createHash, type Hash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { createBLAKE2b, type IHasher } from 'hash-wasm'
import type { DigestMeter, DigestService, RunningDigest } from './digest-service.js'
import type { DigestName, Digests } from './digests.js'

interface Hasher {
  update(chunk: Uint8Array): void
  hex(): string
}

/** Node's hashes; BLAKE2b-256, which Node lacks, by one WebAssembly instance that all streams share. */
export class NodeDigestService implements DigestService {
  readonly #blake: SharedBlake

  private constructor(blake: IHasher) {
    this.#blake = new SharedBlake(blake)
  }

  static async open(): Promise<NodeDigestService> {
    return new NodeDigestService(await createBLAKE2b(256))
  }

  meter(names: readonly DigestName[]): DigestMeter {
    return new HashingMeter(this.#hashers(names))
  }

  of(content: Uint8Array, names: readonly DigestName[]): Digests {
    const hashers = this.#hashers(names)
    for (const hasher of hashers.values()) hasher.update(content)
    return results(hashers)
  }

  running(): RunningDigest {
    return new RunningSha256(createHash('sha256'))
  }

  #hashers(names: readonly DigestName[]): ReadonlyMap<DigestName, Hasher> {
    const all = new Set<DigestName>(['sha256', ...names])
    return new Map([...all].map((name) => [name, name === 'blake2b256' ? this.#blake.begin() : new NodeHasher(name)]))
  }
}

class HashingMeter extends Transform implements DigestMeter {
  size = 0
  #ended = false
  #digests: Digests | undefined

  constructor(private readonly hashers: ReadonlyMap<DigestName, Hasher>) {
    super()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.size += chunk.length
    for (const hasher of this.hashers.values()) hasher.update(chunk)
    done(null, chunk)
  }

  override _flush(done: TransformCallback): void {
    this.#ended = true
    done()
  }

  digests(): Digests {
    if (!this.#ended) throw new Error('Digests are asked for before the stream has ended')
    this.#digests ??= results(this.hashers)
    return this.#digests
  }
}

class NodeHasher implements Hasher {
  readonly #hash: Hash
  constructor(name: DigestName) {
    this.#hash = createHash(name)
  }
  update(chunk: Uint8Array): void {
    this.#hash.update(chunk)
  }
  hex(): string {
    return this.#hash.digest('hex')
  }
}

class RunningSha256 implements RunningDigest {
  constructor(private readonly hash: Hash) {}
  update(chunk: Uint8Array): void {
    this.hash.update(chunk)
  }
  copy(): RunningDigest {
    return new RunningSha256(this.hash.copy())
  }
  hex(): string {
    return this.hash.copy().digest('hex')
  }
}

/** An instance takes about a millisecond and 100 KiB to make, so streams take turns: whoever comes puts the state of the one before aside. */
class SharedBlake {
  #turn: { saved: Uint8Array } | undefined

  constructor(private readonly hasher: IHasher) {}

  begin(): Hasher {
    const mine = { saved: this.#fresh() }
    return {
      update: (chunk) => {
        this.#take(mine)
        this.hasher.update(chunk)
      },
      hex: () => {
        this.#take(mine)
        this.#turn = undefined
        return this.hasher.digest('hex')
      },
    }
  }

  #fresh(): Uint8Array {
    this.#putAside()
    return this.hasher.init().save()
  }

  #take(mine: { saved: Uint8Array }): void {
    if (this.#turn === mine) return
    this.#putAside()
    this.hasher.load(mine.saved)
    this.#turn = mine
  }

  #putAside(): void {
    if (this.#turn !== undefined) this.#turn.saved = this.hasher.save()
    this.#turn = undefined
  }
}

function results(hashers: ReadonlyMap<DigestName, Hasher>): Digests {
  const found: { sha256: string } & Partial<Record<DigestName, string>> = { sha256: '' }
  for (const [name, hasher] of hashers) found[name] = hasher.hex()
  return found
}
