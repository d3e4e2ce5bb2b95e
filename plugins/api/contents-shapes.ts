import {
  type FileDetails,
  type FolderEntry,
  type Found,
  type PackageDetails,
  type PackageFacts,
  type PackageState,
  type PackageVersion,
  z,
} from '#core'

/** What the management interface says of what lies in repositories. */

const digests = z.strictObject({
  md5: z.string().optional(),
  sha1: z.string().optional(),
  sha256: z.string(),
  sha512: z.string().optional(),
  blake2b256: z.string().optional(),
})

export const entryShape = z
  .strictObject({
    kind: z.enum(['file', 'folder']),
    name: z.string(),
    path: z.string(),
    size: z.number().int().nullable(),
    modifiedAt: z.string().nullable(),
  })
  .meta({ id: 'FolderEntry' })
export const shapeEntry = (folder: string) => (entry: FolderEntry) => ({
  kind: entry.kind,
  name: entry.name,
  path: folder === '' ? entry.name : `${folder}/${entry.name}`,
  size: entry.kind === 'file' ? entry.artifact.size : null,
  modifiedAt: entry.kind === 'file' ? entry.artifact.modified.toISOString() : null,
})

export const fileShape = z
  .strictObject({
    repository: z.string(),
    path: z.string(),
    size: z.number().int(),
    contentType: z.string().nullable(),
    digests: digests.meta({ description: 'Those that are kept' }),
    modifiedAt: z.string(),
    publishedBy: z.string().meta({ description: 'Id of a member or service account; of one who was erased, deleted-user-n' }),
    versions: z.number().int().meta({ description: 'How often this path was written or deleted' }),
    url: z.string().nullable().meta({ description: 'Where its bytes are, if its path is its address' }),
  })
  .meta({ id: 'File' })
export const shapeFile = ({ repository, artifact, digests }: FileDetails, url: URL | null, erased?: string) => ({
  repository: repository.name,
  path: artifact.path,
  size: artifact.size,
  contentType: artifact.contentType ?? null,
  digests,
  modifiedAt: artifact.modified.toISOString(),
  publishedBy: erased ?? artifact.publishedBy,
  versions: artifact.sequence,
  url: url?.href ?? null,
})

const described = {
  title: z.string().meta({ description: 'What it is called in its format' }),
  latest: z.string().nullable(),
  description: z.string().nullable(),
}
const textOf = (value: unknown) => (typeof value === 'string' ? value : null)
const shapeFacts = (name: string, facts: PackageFacts) => ({
  title: textOf(facts.name) ?? name,
  latest: textOf(facts.latest),
  description: textOf(facts.description),
})

export const packageShape = z
  .strictObject({
    repository: z.string(),
    format: z.string(),
    name: z.string().meta({ description: 'What it is called in addresses' }),
    ...described,
    license: z.string().nullable(),
    homepage: z.string().nullable(),
    keywords: z.array(z.string()),
  })
  .meta({ id: 'Package' })
export const shapePackage = ({ repository, name, facts }: PackageDetails) => ({
  repository: repository.name,
  format: repository.format,
  name,
  ...shapeFacts(name, facts),
  license: textOf(facts.license),
  homepage: textOf(facts.homepage),
  keywords: (Array.isArray(facts.keywords) ? facts.keywords : []).filter((word) => typeof word === 'string'),
})

const versionShape = z
  .strictObject({
    version: z.string(),
    publishedAt: z.string(),
    status: z
      .enum(['active', 'deprecated', 'yanked', 'partly yanked'])
      .meta({ description: 'partly yanked: some of its files are' }),
    reason: z.string().nullable().meta({ description: 'Why it is not active, as it was given' }),
    tags: z.array(z.string()).meta({ description: 'npm: the dist-tags that name it' }),
    builds: z.number().int().nullable().meta({ description: 'Maven: builds of a snapshot' }),
  })
  .meta({ id: 'Version' })
const shapeVersion = ({ version, publishedAt, advice, tags, builds }: PackageVersion) => ({
  version,
  publishedAt: publishedAt.toISOString(),
  status: advice?.kind ?? 'active',
  reason: advice?.reason ?? null,
  tags: tags ?? [],
  builds: builds?.length ?? null,
})
export const packageStateShape = packageShape
  .extend({
    status: z
      .string()
      .nullable()
      .meta({ description: 'active, archived, quarantined, deprecated; null in a proxy or a group', examples: ['active'] }),
    reason: z.string().nullable().meta({ description: 'Why, as it was given' }),
    versionCount: z.number().int().nullable().meta({ description: 'All of them; null in a proxy or a group' }),
    versions: z.array(versionShape).meta({ description: 'Newest first, a page of them' }),
    next: z.string().nullable().meta({ description: 'The cursor of the versions that follow; null where none do' }),
  })
  .meta({ id: 'PackageState' })
/** `versions`: those that are shown; `next`: where they go on. */
export const shapePackageState = (
  details: PackageDetails,
  state: PackageState | undefined,
  { versions, next }: { readonly versions: readonly PackageVersion[]; readonly next: string | null },
) => ({
  ...shapePackage(details),
  status: state?.status ?? null,
  reason: state?.reason ?? null,
  versionCount: state?.versions.length ?? null,
  versions: versions.map(shapeVersion),
  next,
})

export const foundShape = z
  .strictObject({
    kind: z.enum(['file', 'package']),
    repository: z.string(),
    format: z.string(),
    name: z.string().meta({ description: 'Path of the file, or name of the package' }),
    ...described,
    size: z.number().int().nullable(),
    sha256: z.string().nullable(),
    modifiedAt: z.string().nullable(),
  })
  .meta({ id: 'Found' })
export const shapeFound = (found: Found) => {
  const { kind, repository } = found
  const place = { kind, repository: repository.name, format: repository.format }
  if (found.kind === 'package') {
    const { name, facts } = found
    return { ...place, name, ...shapeFacts(name, facts), size: null, sha256: null, modifiedAt: null }
  }
  const { path, size, digests, modified } = found.artifact
  const title = path.slice(path.lastIndexOf('/') + 1)
  const file = { name: path, title, latest: null, description: null }
  return { ...place, ...file, size, sha256: digests.sha256, modifiedAt: modified.toISOString() }
}
