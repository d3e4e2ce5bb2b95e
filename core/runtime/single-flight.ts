/** Of several who ask for the same at the same time, one works and all get the answer. Nothing is kept afterwards. */
export class SingleFlight<Value> {
  private readonly running = new Map<string, Promise<Value>>()

  run(key: string, work: () => Promise<Value>): Promise<Value> {
    const already = this.running.get(key)
    if (already) return already
    const started = work().finally(() => this.running.delete(key))
    this.running.set(key, started)
    return started
  }
}
