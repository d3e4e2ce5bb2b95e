import { RegistryError } from '../errors/registry-error.js'
import type { Entry } from './metadata-store.js'

/** The row must still be as it was read. */
export function seen(entry: Entry | undefined): 'absent' | { readonly revision: string } {
  return entry ? { revision: entry.revision } : 'absent'
}

/** Somebody else was faster: what was read before the commit is no longer so. */
export function isLostRace(thrown: unknown): boolean {
  return thrown instanceof RegistryError && (thrown.kind === 'conflict' || thrown.kind === 'stale')
}
