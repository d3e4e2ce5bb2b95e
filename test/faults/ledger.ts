import { createHash } from 'node:crypto'

/** What may stand at an address: absent, or exactly these bytes. */
export type State = 'absent' | { readonly sha256: string; readonly size: number }

export function stateOf(content: Uint8Array): State {
  return { sha256: createHash('sha256').update(content).digest('hex'), size: content.length }
}
export function equal(a: State, b: State): boolean {
  return a === 'absent' || b === 'absent' ? a === b : a.sha256 === b.sha256 && a.size === b.size
}

/** What was acknowledged, and what was only tried, for every address, in order. One writer an address. */
export class Ledger {
  private readonly known = new Map<string, State>()
  private readonly tried = new Map<string, State[]>()
  acknowledged = 0

  attempt(address: string, state: State): void {
    const list = this.tried.get(address) ?? []
    list.push(state)
    this.tried.set(address, list)
  }

  /** The answer to the last attempt came, with success. */
  acknowledge(address: string): void {
    const list = this.tried.get(address) ?? []
    const last = list.at(-1)
    if (last) this.known.set(address, last)
    this.tried.delete(address)
    this.acknowledged++
  }

  /** Every address of which anything is known or was tried. */
  addresses(): readonly string[] {
    return [...new Set([...this.known.keys(), ...this.tried.keys()])]
  }

  /** Did somebody write there since the last `settle`? */
  get unsettled(): readonly string[] {
    return [...this.tried.keys()]
  }

  /** May this stand there now: the last acknowledged state, or any that was tried after it? */
  allows(address: string, found: State): boolean {
    const acknowledged = this.known.get(address) ?? 'absent'
    return equal(acknowledged, found) || (this.tried.get(address) ?? []).some((state) => equal(state, found))
  }

  /** Seen after a restart: from now on it has to stay. */
  settle(address: string, found: State): void {
    this.known.set(address, found)
    this.tried.delete(address)
  }

  expected(address: string): State {
    return this.known.get(address) ?? 'absent'
  }
}
