import type { Entry, MetadataStore } from '../../core/storage/metadata-store.js'

async function everything(metadata: MetadataStore): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const { entry } of metadata.scan()) entries.push(entry)
  return entries
}

/** Ids of organizations and repositories to their names. */
function names(entries: readonly Entry[]): (id: string) => string {
  const found = new Map<string, string>()
  for (const { key, value } of entries) {
    const [, kind] = key.partition.split('\0')
    const named = value as { readonly id?: string; readonly name?: string }
    if (kind === 'o' && (key.path[0] === 'organization' || key.path[0] === 'repository') && named.id && named.name)
      found.set(named.id, named.name)
  }
  return (id) => found.get(id) ?? id
}

/** `{organization}/{repository}/{path}` of every artifact row that is present. */
export async function storedFiles(metadata: MetadataStore): Promise<readonly string[]> {
  const entries = await everything(metadata)
  const name = names(entries)
  const files: string[] = []
  for (const { key, value } of entries) {
    const [org = '', kind, repo = '', folder = ''] = key.partition.split('\0')
    if (kind !== 'f' || key.path[0] !== 'a' || (value as { readonly state?: string }).state !== 'present') continue
    files.push([name(org), name(repo), ...(folder === '' ? [] : [folder]), key.path[1]].join('/'))
  }
  return files.sort()
}

/** `{organization}/{repository}/{plugin}/{package}: {rest of the key}` of every document. */
export async function storedDocuments(metadata: MetadataStore): Promise<readonly string[]> {
  const entries = await everything(metadata)
  const name = names(entries)
  const documents: string[] = []
  for (const { key } of entries) {
    const [org = '', kind, repo = '', plugin, pkg] = key.partition.split('\0')
    if (kind !== 'p' || key.path[0] !== 'doc') continue
    documents.push(`${name(org)}/${name(repo)}/${plugin}/${pkg}: ${key.path.slice(1).join('/')}`)
  }
  return documents.sort()
}
