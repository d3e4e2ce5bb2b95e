import type { MetadataStore, Mutation } from '../../core/storage/metadata-store.js'
import { tenantKeys } from '../../core/storage/tenant-keys.js'

/** Makes rows of the list of names, as a publish of each would, in the repository in which a package called `model` is listed. */
export async function nameRows(metadata: MetadataStore, model: string): Promise<(name: string) => Mutation> {
  for await (const { entry } of metadata.scan()) {
    const [organization = '', kind, repository = ''] = entry.key.partition.split('\0')
    if (kind !== 'n' || entry.key.path[0] !== model) continue
    const value = entry.value as { readonly facts: object }
    return (name) => ({
      op: 'put',
      key: tenantKeys.name(organization, repository, name),
      value: { ...value, facts: { ...value.facts, name } },
    })
  }
  throw new Error(`no package is called ${model}`)
}

/** The same for many, in as many commits as it takes. */
export async function listNames(metadata: MetadataStore, model: string, names: readonly string[]): Promise<void> {
  const row = await nameRows(metadata, model)
  for (let at = 0; at < names.length; at += 90) await metadata.commit(names.slice(at, at + 90).map(row), `names-${at}`)
}
