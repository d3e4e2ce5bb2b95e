/** What `/-/health` says: fit to take requests, or not. */
export class Health {
  /** Set once, when the house begins to go down. */
  draining = false
  readonly #readOnly: () => boolean

  /** `readOnly`: does the store take writes no longer? */
  constructor(readOnly: () => boolean = () => false) {
    this.#readOnly = readOnly
  }

  get status(): 'ok' | 'draining' | 'read-only' {
    if (this.draining) return 'draining'
    return this.#readOnly() ? 'read-only' : 'ok'
  }
}
