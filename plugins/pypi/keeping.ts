import { type DocumentReader, notFound, type PackageKeeping, type RepositoryChangeSet } from '#core'
import { metadataSuffix, parseFilename } from './distribution-file.js'
import {
  describeProject,
  documentVersion,
  type FileDocument,
  fileKey,
  filesKey,
  findDocument,
  type ProjectDocument,
  placeKey,
  projectKey,
  storedPath,
  type UniqueDocument,
} from './project-documents.js'
import { normalizeName } from './project-name.js'
import { compareVersions, isPreRelease, parseVersion, type Version, versionKey } from './version.js'

/** A project's releases: each all of its files, with what the index says of them. */
export const keeping: PackageKeeping = {
  keyOf: normalizeName,
  async *versions(project, { documents }) {
    const releases = new Map<string, { readonly version: string; readonly publishedAt: Date }>()
    for (const { version, uploadedAt } of await filesOf(project, documents)) {
      const publishedAt = new Date(uploadedAt)
      const before = releases.get(releaseOf(version))
      if (before === undefined || before.publishedAt < publishedAt) releases.set(releaseOf(version), { version, publishedAt })
    }
    yield* releases.values()
  },
  async remove(project, version, { documents, artifacts }, change) {
    await holdProject(project, documents, change)
    const all = await filesOf(project, documents)
    const leaving = all.filter((file) => releaseOf(file.version) === releaseOf(version))
    if (leaving.length === 0) throw notFound('version', `${project} ${version}`)
    for (const { filename } of leaving) {
      const file = parseFilename(filename)
      if (file === undefined) continue
      change.deleteArtifact(storedPath(file))
      const metadata = `${storedPath(file)}${metadataSuffix}`
      if (await artifacts.find(metadata)) change.deleteArtifact(metadata)
      change.deleteDocument(fileKey(project, filename)).deleteDocument(placeKey(file))
    }
    const owner = await findDocument<ProjectDocument>(documents, projectKey(project))
    const latest = highest(all.filter((file) => !leaving.includes(file)))
    if (owner === undefined || releaseOf(owner.value.latest) !== releaseOf(version)) return
    // The project stays, as an empty page, when its last release goes.
    const after = latest === undefined ? owner.value : { ...owner.value, latest }
    if (latest !== undefined) change.putDocument(projectKey(project), after)
    change.describe(project, latest === undefined ? undefined : describeProject(after))
  },
  async copy(project, version, from, to, change) {
    await holdProject(project, to.documents, change)
    const files = (await filesOf(project, from.documents)).filter((file) => releaseOf(file.version) === releaseOf(version))
    const source = await findDocument<ProjectDocument>(from.documents, projectKey(project))
    if (files.length === 0 || source === undefined) throw notFound('version', `${project} ${version}`)
    for (const document of files) {
      const file = parseFilename(document.filename)
      if (file === undefined) continue
      const there = await findDocument<FileDocument>(to.documents, fileKey(project, document.filename))
      if (there?.value.sha256 === document.sha256) continue
      const path = storedPath(file)
      change.putArtifact(path, await to.reuse(await from.artifacts.get(path)), { contentType: 'application/octet-stream' })
      const metadata = await from.artifacts.find(`${path}${metadataSuffix}`)
      if (metadata) change.putArtifact(metadata.path, await to.reuse(metadata), { contentType: 'text/plain' })
      const place: UniqueDocument = { v: documentVersion, filename: document.filename, sha256: document.sha256 }
      change.putDocument(fileKey(project, document.filename), document, 'absent').putDocument(placeKey(file), place, 'absent')
    }
    const target = await findDocument<ProjectDocument>(to.documents, projectKey(project))
    const latest = highest([...(await filesOf(project, to.documents)), ...files]) ?? version
    if (target !== undefined && target.value.latest === latest) return
    const { status: _, ...described } = source.value
    const status = target?.value.status === undefined ? {} : { status: target.value.status }
    const after = { ...described, latest, ...status }
    change.putDocument(projectKey(project), after)
    change.describe(project, describeProject(after))
  },
}

async function holdProject(project: string, documents: DocumentReader, change: RepositoryChangeSet): Promise<void> {
  change.requireHead(project, (await documents.head(project))?.sequence ?? 0)
}

async function filesOf(project: string, documents: DocumentReader): Promise<readonly FileDocument[]> {
  const files: FileDocument[] = []
  for await (const { value } of documents.list(filesKey(project))) files.push(value as unknown as FileDocument)
  return files
}

function releaseOf(text: string): string {
  const version = parseVersion(text)
  return version === undefined ? text : versionKey(version)
}

/** The highest version, final before pre-release. */
function highest(files: readonly FileDocument[]): string | undefined {
  const order = (a: Version, b: Version) => Number(isPreRelease(b)) - Number(isPreRelease(a)) || compareVersions(a, b)
  const parsed = files.flatMap(({ version }) => {
    const found = parseVersion(version)
    return found === undefined ? [] : [{ version, found }]
  })
  return parsed.sort((a, b) => order(a.found, b.found)).at(-1)?.version
}
