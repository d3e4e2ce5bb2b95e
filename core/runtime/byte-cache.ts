export interface CacheCounts {
  readonly hits: number
  readonly misses: number
  readonly bytes: number
}

/** Least recently used, bounded by the bytes of what it holds. What is put in must never change afterwards. */
export class ByteCache<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly size: number }>()
  private held = 0
  private found = 0
  private missed = 0

  /** What is larger than `largest` is not kept: it would drive out too much else. */
  constructor(
    private readonly capacity: number,
    private readonly largest = capacity / 8,
  ) {}

  get(key: string): Value | undefined {
    const entry = this.entries.get(key)
    if (!entry) {
      this.missed += 1
      return undefined
    }
    this.found += 1
    this.entries.delete(key)
    this.entries.set(key, entry)
    return entry.value
  }

  /** Since the process began; `bytes`: held now. */
  get counts(): CacheCounts {
    return { hits: this.found, misses: this.missed, bytes: this.held }
  }

  put(key: string, value: Value, size: number): void {
    if (size > this.largest) return
    this.delete(key)
    this.entries.set(key, { value, size })
    this.held += size
    for (const oldest of this.entries.keys()) {
      if (this.held <= this.capacity) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const entry = this.entries.get(key)
    if (!entry) return
    this.entries.delete(key)
    this.held -= entry.size
  }
}
