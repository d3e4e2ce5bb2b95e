import { invalid, notFound, type PackageKeeping, type PackageVersion } from '#core'
import {
  describeProject,
  type FileDocument,
  fileKey,
  findDocument,
  type ProjectDocument,
  type ProjectStatus,
  projectKey,
} from './project-documents.js'
import { describedBy } from './release-metadata.js'
import { filesOf, highest, holdProject, releaseOf } from './releases.js'

/** Characters of a reason, which pages and clients show in one line. */
export const longestReason = 500

/** Yanks the files of a release, or one of them, or takes that back (PEP 592). Files that are so already keep what they are. */
export const yankRelease: NonNullable<PackageKeeping['yank']> = async (project, version, mark, context, change) => {
  const { documents } = context
  await holdProject(project, documents, change)
  const all = await filesOf(project, documents)
  const release = all.filter((file) => releaseOf(file.version) === releaseOf(version))
  const meant = mark.file === undefined ? release : release.filter(({ filename }) => filename === mark.file)
  if (meant.length === 0) throw notFound(mark.file === undefined ? 'version' : 'file', mark.file ?? `${project} ${version}`)
  const yanked = mark.yanked ? (oneLine(mark.reason) ?? true) : false
  const after = new Map<string, FileDocument>()
  for (const file of meant) {
    if (file.yanked === yanked) continue
    after.set(file.filename, { ...file, yanked })
    change.putDocument(fileKey(project, file.filename), { ...file, yanked })
  }
  const owner = await findDocument<ProjectDocument>(documents, projectKey(project))
  const latest = highest(all.map((file) => after.get(file.filename) ?? file))
  if (owner === undefined || latest === undefined || owner.value.latest === latest) return
  const described = await describedBy(latest, owner.value, all, context)
  change.putDocument(projectKey(project), described).describe(project, describeProject(described))
}

/** What the yanks of a release's files come to. */
export function adviceOn(files: readonly FileDocument[]): Pick<PackageVersion, 'advice'> {
  const yanked = files.filter((file) => file.yanked !== false)
  if (yanked.length === 0) return {}
  const reason = yanked.map((file) => file.yanked).find((one) => typeof one === 'string')
  const kind = yanked.length === files.length ? 'yanked' : 'partly yanked'
  return { advice: { kind, ...(reason === undefined ? {} : { reason }) } }
}

export const projectStatus: NonNullable<PackageKeeping['status']> = async (project, { documents }) => {
  const found = await findDocument<ProjectDocument>(documents, projectKey(project))
  return found && (found.value.status ?? { status: 'active' })
}

const statuses: readonly string[] = ['active', 'archived', 'quarantined', 'deprecated'] satisfies readonly ProjectStatus[]

/** The status of a project (PEP 792). */
export const setProjectStatus: NonNullable<PackageKeeping['setStatus']> = async (project, status, reason, context, change) => {
  if (!statuses.includes(status)) throw invalid(`A project is ${statuses.join(', ')}; not '${status.slice(0, 40)}'`)
  const found = await findDocument<ProjectDocument>(context.documents, projectKey(project))
  if (!found) throw notFound('project', project)
  const { status: _, ...rest } = found.value
  const line = oneLine(reason)
  const plain = status === 'active' && line === undefined
  const told = { status: status as ProjectStatus, ...(line === undefined ? {} : { reason: line }) }
  const after: ProjectDocument = plain ? rest : { ...rest, status: told }
  change.putDocument(projectKey(project), after, { revision: found.revision })
}

/** Undefined where nothing is left of it. */
function oneLine(reason: string | undefined): string | undefined {
  const line = (reason ?? '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, longestReason)
  return line === '' ? undefined : line
}
