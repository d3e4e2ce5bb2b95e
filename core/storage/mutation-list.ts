import { RegistryError } from '../errors/registry-error.js'
import type { Key, Mutation } from './metadata-store.js'
import { isLostRace } from './optimistic.js'
import type { StagedUpload } from './staged-upload.js'

/** Why a mutation stands in a commit: what to do when its condition does not hold. */
export type Reason =
  /** Read again and put together anew: somebody else moved a row that we only carry on. */
  | { readonly kind: 'repeat' }
  /** The blob that would have been shared is being collected: take the fresh copy instead. */
  | { readonly kind: 'shared'; readonly upload: StagedUpload }
  | { readonly kind: 'intent' }
  | { readonly kind: 'house'; readonly refusal: RegistryError }
  | { readonly kind: 'document'; readonly key: readonly string[] }
  | { readonly kind: 'head'; readonly pkg: string }

/** The mutations of one commit, each with its reason; one a key. */
export class MutationList {
  readonly mutations: Mutation[] = []
  private readonly reasons: Reason[] = []
  private readonly keys = new Set<string>()

  add(mutation: Mutation, reason: Reason = { kind: 'repeat' }): void {
    this.keys.add(textOf(mutation.key))
    this.mutations.push(mutation)
    this.reasons.push(reason)
  }

  holds(key: Key): boolean {
    return this.keys.has(textOf(key))
  }

  /** The reason of the mutation that the store refused. */
  failed(thrown: unknown): Reason | undefined {
    if (!isLostRace(thrown)) return undefined
    const index = thrown.detail['mutation']
    return typeof index === 'number' ? this.reasons[index] : undefined
  }
}

function textOf(key: Key): string {
  return `${key.partition}\0\0${key.path.join('\0')}`
}
