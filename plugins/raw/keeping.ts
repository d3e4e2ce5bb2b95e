import { notFound, type PackageKeeping, type RepositoryContext } from '#core'
import { folderRemoval } from './folder-changes.js'
import { isFolder } from './folders.js'

/** A package is a folder, a version a file that lies in it; the root is '/'. What is removed whole may be a file as well. */
export const keeping: PackageKeeping = {
  names: (context) => folders('', context),
  async *versions(pkg, context) {
    for await (const entry of context.artifacts.list(folderOf(pkg)))
      if (entry.kind === 'file')
        yield { version: entry.name, publishedAt: entry.artifact.modified, countedAs: entry.artifact.path }
  },
  async remove(pkg, version, context, change) {
    const { path, digests } = await context.artifacts.get(pathOf(pkg, version))
    change.deleteArtifact(path, { if: { sha256: digests.sha256 } })
  },
  async *removeAll(pkg, context) {
    const folder = folderOf(pkg)
    const file = folder === '' ? undefined : await context.artifacts.find(folder)
    if (file !== undefined) yield async (change) => void change.deleteArtifact(file.path, { if: { sha256: file.digests.sha256 } })
    else if (await isFolder(folder, context)) yield* folderRemoval(folder, context)
    else throw notFound('file or folder', pkg)
  },
  async copy(pkg, version, from, to, change) {
    const path = pathOf(pkg, version)
    const file = await from.artifacts.find(path)
    if (file === undefined) throw notFound('file', path)
    const type = file.contentType === undefined ? {} : { contentType: file.contentType }
    change.putArtifact(path, await to.reuse(file), { replace: true, ...type })
  },
}

async function* folders(folder: string, context: RepositoryContext): AsyncIterable<string> {
  const below: string[] = []
  let files = false
  for await (const { kind, name } of context.artifacts.list(folder)) {
    if (kind === 'file') files = true
    else below.push(folder === '' ? name : `${folder}/${name}`)
  }
  if (files) yield folder === '' ? '/' : folder
  for (const one of below) yield* folders(one, context)
}

function folderOf(pkg: string): string {
  return pkg === '/' ? '' : pkg
}
function pathOf(pkg: string, version: string): string {
  return pkg === '/' ? version : `${pkg}/${version}`
}
