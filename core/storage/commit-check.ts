import { conflict, invalid, type RegistryError, stale } from '../errors/registry-error.js'
import { encodeKey } from './key-order.js'
import type { Condition, Mutation } from './metadata-store.js'
import { metadataLimits } from './metadata-store.js'

/** A mutation within its limits: the whole key in bytes, a put's value as JSON text. */
export interface CheckedMutation {
  readonly key: Buffer
  readonly op: Mutation['op']
  readonly if: Condition | undefined
  /** Undefined unless `op` is 'put'. */
  readonly text: string | undefined
}

/** Every limit of the contract, before anything is written. Throws `invalid`. */
export function checkCommit(mutations: readonly Mutation[], token: string): readonly CheckedMutation[] {
  if (token.length === 0 || token.length > 36) throw invalid('A commit token has 1 to 36 characters')
  if (mutations.length === 0) throw invalid('A commit has one mutation or more')
  if (mutations.length > metadataLimits.mutations) throw invalid(`A commit has at most ${metadataLimits.mutations} mutations`)
  const seen = new Set<string>()
  let total = 0
  const checked = mutations.map((mutation, index): CheckedMutation => {
    const key = encodeKey(mutation.key)
    const known = seen.size
    if (seen.add(key.toString('latin1')).size === known)
      throw invalid('A commit has one mutation per key', { detail: { mutation: index } })
    if (mutation.op === 'check' && mutation.if === undefined) {
      throw invalid('A check without a condition', { detail: { mutation: index } })
    }
    const text = mutation.op === 'put' ? valueText(mutation.value, index) : undefined
    total += key.length + (text === undefined ? 0 : Buffer.byteLength(text))
    return { key, op: mutation.op, if: mutation.if, text }
  })
  if (total > metadataLimits.commitBytes) throw invalid(`A commit is at most ${metadataLimits.commitBytes} bytes large`)
  return checked
}

/** The failure of a condition against what stands there now (undefined: nothing), or undefined where it holds. */
export function conditionFailure(condition: Condition, revision: string | undefined, index: number): RegistryError | undefined {
  const detail = { mutation: index }
  if (condition === 'absent') return revision === undefined ? undefined : conflict('The entry exists already', { detail })
  if (condition === 'present') return revision === undefined ? conflict('The entry does not exist', { detail }) : undefined
  return revision === condition.revision ? undefined : stale('The entry has changed meanwhile', { detail })
}

/** Tells two sets of mutations under one token apart: keys, operations, conditions and sizes; not proof against intent. */
export function commitFingerprint(mutations: readonly CheckedMutation[]): number {
  let hash = 0x811c9dc5
  const mix = (value: number) => {
    hash = Math.imul(hash ^ value, 0x01000193)
  }
  for (const { key, op, if: condition, text } of mutations) {
    for (const byte of key) mix(byte)
    mix(op.charCodeAt(0))
    mix(text === undefined ? -1 : text.length)
    const word = typeof condition === 'object' ? condition.revision : (condition ?? '')
    for (let at = 0; at < word.length; at += 1) mix(word.charCodeAt(at))
  }
  return hash
}

function valueText(value: unknown, index: number): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw invalid('A value is not JSON', { detail: { mutation: index } })
  if (text.length > metadataLimits.valueBytes || Buffer.byteLength(text) > metadataLimits.valueBytes) {
    throw invalid(`A value is at most ${metadataLimits.valueBytes} bytes of JSON`, { detail: { mutation: index } })
  }
  return text
}
