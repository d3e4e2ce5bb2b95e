import { RegistryError } from '../errors/registry-error.js'
import { randomHex } from '../runtime/identifiers.js'
import type { Entry, MetadataStore, Mutation } from './metadata-store.js'

/** The row must still be as it was read. */
export function seen(entry: Entry | undefined): 'absent' | { readonly revision: string } {
  return entry ? { revision: entry.revision } : 'absent'
}

/** Somebody else was faster: what was read before the commit is no longer so. */
export function isLostRace(thrown: unknown): thrown is RegistryError {
  return thrown instanceof RegistryError && (thrown.kind === 'conflict' || thrown.kind === 'stale')
}

/** False where a row is no longer as it was read, and nothing was written. */
export async function commitUnlessMoved(store: MetadataStore, mutations: readonly Mutation[]): Promise<boolean> {
  try {
    await store.commit(mutations, randomHex())
    return true
  } catch (thrown) {
    if (isLostRace(thrown)) return false
    throw thrown
  }
}
