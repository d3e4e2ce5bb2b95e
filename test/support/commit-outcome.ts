import { RegistryError } from '../../core/errors/registry-error.js'
import type { StorageWorld } from './storage-world.js'

/** The RegistryError that the work ends in; anything else fails the test. */
export async function failure(work: Promise<unknown>): Promise<RegistryError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(thrown instanceof RegistryError)) throw new Error(`expected a RegistryError, got ${String(thrown)}`)
  return thrown
}

export async function textOf(world: StorageWorld, path: string): Promise<string> {
  const content = await (await world.artifacts.get(path)).small()
  return Buffer.from(content ?? []).toString()
}

/** The rows of one published file `a/b.txt`, log row and all. */
export const oneFile: readonly string[] = [
  'o_1 b * | blob',
  'o_1 b * | ref',
  'o_1 f r_1  | d a',
  'o_1 f r_1 a | a b.txt',
  'o_1 h * | 3',
  'o_1 l * | *',
  'o_1 v r_1 a/b.txt | s 0000000001',
  'o_1 v r_1 a/b.txt | spent',
]
