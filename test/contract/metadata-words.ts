import { type Condition, type Entry, type Json, type Key, type MetadataStore, type Mutation, RegistryError } from '#core/driver'

/** The store under test, and commits under tokens of their own. */
export interface Subject {
  readonly store: MetadataStore
  commit(...mutations: Mutation[]): Promise<void>
}

export const put = (key: Key, value: Json, condition?: Condition): Mutation =>
  condition === undefined ? { op: 'put', key, value } : { op: 'put', key, value, if: condition }
export const at = (partition: string, ...path: string[]): Key => ({ partition, path })

export async function all(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const found: Entry[] = []
  for await (const entry of entries) found.push(entry)
  return found
}
export async function paths(entries: AsyncIterable<Entry>): Promise<string[]> {
  return (await all(entries)).map(({ key }) => key.path.join('/'))
}
export async function failure(promise: Promise<unknown>): Promise<RegistryError> {
  try {
    await promise
  } catch (thrown) {
    if (thrown instanceof RegistryError) return thrown
    throw thrown
  }
  throw new Error('Nothing was thrown')
}
