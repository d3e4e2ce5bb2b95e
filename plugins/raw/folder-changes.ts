import { conflict, type RemovalStep, type RepositoryContext } from '#core'
import { filesBelow, folderEntries, markerKey } from './folders.js'

/** Files of one step; a change set holds the names of all its files in memory. */
const stepFiles = 5_000

/** Every folder that a marker keeps at or below this one, the deepest first. */
async function markedFolders(folder: string, context: RepositoryContext): Promise<readonly string[]> {
  const found: string[] = []
  if (context.repository.webdav !== true) return found
  const look = async (one: string): Promise<void> => {
    for await (const entry of folderEntries(one, context))
      if (entry.kind === 'folder') await look(one === '' ? entry.name : `${one}/${entry.name}`)
    if (one !== '' && (await context.documents.find(markerKey(one))) !== undefined) found.push(one)
  }
  await look(folder)
  return found
}

/** A folder and all that is in it: in one step while it is not of extraordinary size, else step by step, as RFC 4918 9.6.1 allows. */
export async function* folderRemoval(folder: string, context: RepositoryContext): AsyncGenerator<RemovalStep> {
  for (let files = stepFiles; files === stepFiles; )
    yield async (change) => {
      files = 0
      for await (const { artifact } of filesBelow(folder, context)) {
        change.deleteArtifact(artifact.path)
        if (++files === stepFiles) return
      }
      for (const one of await markedFolders(folder, context)) change.deleteDocument([...markerKey(one)])
    }
}

export async function removeFolder(folder: string, context: RepositoryContext): Promise<void> {
  for await (const step of folderRemoval(folder, context)) {
    const change = context.change()
    await step(change)
    await change.commit()
  }
}

/** A folder, or all it holds, under another name, in one step: what stands there already goes in the same one. No bytes are written. */
export async function copyFolder(
  from: string,
  to: string,
  context: RepositoryContext,
  options: { readonly move: boolean; readonly shallow: boolean },
): Promise<void> {
  const change = context.change()
  const standing = new Set<string>()
  for await (const { artifact } of filesBelow(to, context)) standing.add(artifact.path)
  let files = standing.size
  if (!options.shallow)
    for await (const { name, artifact } of filesBelow(from, context)) {
      if (++files > stepFiles) throw conflict(`A folder of more than ${stepFiles} files is copied part by part`)
      const type = artifact.contentType === undefined ? {} : { contentType: artifact.contentType }
      change.putArtifact(`${to}/${name}`, await context.reuse(artifact), { replace: true, ...type })
      standing.delete(`${to}/${name}`)
      if (options.move) change.deleteArtifact(artifact.path)
    }
  for (const path of standing) change.deleteArtifact(path)
  const marked = options.shallow ? [] : await markedFolders(from, context)
  const kept = new Set([from, ...marked].map((one) => to + one.slice(from.length)))
  for (const one of kept) change.putDocument([...markerKey(one)], {})
  for (const one of await markedFolders(to, context)) if (!kept.has(one)) change.deleteDocument([...markerKey(one)])
  if (options.move) for (const one of marked) change.deleteDocument([...markerKey(one)])
  await change.commit()
}
