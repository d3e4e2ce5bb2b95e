/** Least recently used, bounded by the bytes of what it holds. What is put in must never change afterwards. */
export class ByteCache<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly size: number }>()
  private held = 0

  constructor(private readonly capacity: number) {}

  get(key: string): Value | undefined {
    const entry = this.entries.get(key)
    if (!entry) return undefined
    this.entries.delete(key)
    this.entries.set(key, entry)
    return entry.value
  }

  put(key: string, value: Value, size: number): void {
    if (size > this.capacity / 8) return
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
