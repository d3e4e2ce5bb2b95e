import type { FolderEntry, RepositoryContext } from '#core'

/** Folders exist through the files below them, and where WebDAV is on also through markers that MKCOL left: a document under the parent's name, so that a
 *  folder's markers are one range. */
export function markerKey(folder: string): readonly [string, string] {
  const cut = folder.lastIndexOf('/')
  return [markersOf(cut < 0 ? '' : folder.slice(0, cut)), folder.slice(cut + 1)]
}
export function markersOf(folder: string): string {
  return `/${folder}`
}

type Context = Pick<RepositoryContext, 'artifacts' | 'documents' | 'repository'>
interface Query {
  /** Begins behind this name. */
  readonly after?: string
  readonly limit?: number
}

/** Direct entries in byte order of their names; a folder without anything below it only where it has a marker. */
export async function* folderEntries(folder: string, context: Context, query: Query = {}): AsyncGenerator<FolderEntry> {
  if (context.repository.webdav !== true) {
    yield* context.artifacts.list(folder, query)
    return
  }
  const key = markersOf(folder)
  const after: { readonly after?: readonly [string, string] } = query.after === undefined ? {} : { after: [key, query.after] }
  const markers = context.documents.list([key], after)[Symbol.asyncIterator]()
  let left = query.limit ?? Number.POSITIVE_INFINITY
  let marker = await markers.next()
  const markedName = () => (marker.done ? undefined : (marker.value.key.at(-1) ?? ''))
  for await (const entry of context.artifacts.list(folder, query)) {
    for (let name = markedName(); name !== undefined && before(name, entry.name); name = markedName()) {
      if (left-- <= 0) return
      yield { kind: 'folder', name }
      marker = await markers.next()
    }
    if (markedName() === entry.name) marker = await markers.next()
    if (left-- <= 0) return
    yield entry
  }
  for (let name = markedName(); name !== undefined && left-- > 0; name = markedName()) {
    yield { kind: 'folder', name }
    marker = await markers.next()
  }
}

/** Is there a folder of this name? The root always is. */
export async function isFolder(folder: string, context: Context): Promise<boolean> {
  if (folder === '') return true
  for await (const _ of context.artifacts.list(folder, { limit: 1 })) return true
  if (context.repository.webdav !== true) return false
  if ((await context.documents.find(markerKey(folder))) !== undefined) return true
  for await (const _ of context.documents.list([markersOf(folder)], { limit: 1 })) return true
  return false
}

/** Every file below a folder, depth first, a folder's entries in byte order of their names: the order of the store's keys. `name` is relative to the
 *  folder; `after` is such a name. */
export async function* filesBelow(
  folder: string,
  context: Context,
  after: readonly string[] = [],
): AsyncGenerator<Extract<FolderEntry, { readonly kind: 'file' }>> {
  const [first, ...rest] = after
  const prefix = folder === '' ? '' : `${folder}/`
  if (first !== undefined && rest.length > 0)
    for await (const entry of filesBelow(prefix + first, context, rest)) yield { ...entry, name: `${first}/${entry.name}` }
  for await (const entry of context.artifacts.list(folder, first === undefined ? {} : { after: first })) {
    if (entry.kind === 'file') yield entry
    else
      for await (const below of filesBelow(prefix + entry.name, context)) yield { ...below, name: `${entry.name}/${below.name}` }
  }
}

function before(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0
}
