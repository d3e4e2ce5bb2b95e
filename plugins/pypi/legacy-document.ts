import { type CoreMetadata, fieldOf } from './core-metadata.js'
import type { FileDocument } from './project-documents.js'

/** What the older JSON of a project tells: of one release in full, and of all files. */
export interface LegacyProject {
  readonly project: string
  /** Display spelling. */
  readonly name: string
  /** Normal form, of the release that is told in full. */
  readonly version: string
  readonly metadata: CoreMetadata
  /** Of this release. */
  readonly urls: readonly FileDocument[]
  /** Ascending; absent where one release was asked for. */
  readonly releases?: ReadonlyMap<string, readonly FileDocument[]>
  readonly serial: number
}

const unknown = { last_day: -1, last_month: -1, last_week: -1 }

/** The document that clients read before there was a JSON of the simple index; addresses are absolute. */
export function renderLegacy(told: LegacyProject, base: URL) {
  const { urls, releases, serial } = told
  const files = (documents: readonly FileDocument[]) => documents.map((file) => renderFile(file, base))
  const value = {
    info: renderInfo(told, base),
    last_serial: serial,
    ...(releases === undefined
      ? {}
      : { releases: Object.fromEntries([...releases].map(([version, documents]) => [version, files(documents)])) }),
    urls: files(urls),
    vulnerabilities: [],
  }
  return { contentType: 'application/json', body: Buffer.from(`${JSON.stringify(value)}\n`) }
}

function renderInfo({ project, name, version, metadata, urls }: LegacyProject, base: URL): Record<string, unknown> {
  const text = (field: string) => fieldOf(metadata, field) ?? ''
  const one = (field: string) => fieldOf(metadata, field) ?? null
  const many = (field: string) => {
    const values = (metadata.fields.get(field.toLowerCase()) ?? []).filter((value) => value !== '' && value !== 'UNKNOWN')
    return values.length === 0 ? null : values
  }
  const yanked = urls.length > 0 && urls.every((file) => file.yanked !== false)
  const reason = urls.map((file) => file.yanked).find((mark) => typeof mark === 'string')
  const page = `${base.href}simple/${project}/`
  return {
    author: text('Author'),
    author_email: text('Author-email'),
    bugtrack_url: null,
    classifiers: many('Classifier') ?? [],
    description: metadata.description ?? '',
    description_content_type: one('Description-Content-Type'),
    docs_url: null,
    download_url: one('Download-URL'),
    downloads: unknown,
    dynamic: many('Dynamic'),
    home_page: text('Home-page'),
    keywords: text('Keywords'),
    license: one('License'),
    license_expression: one('License-Expression'),
    license_files: many('License-File'),
    maintainer: one('Maintainer'),
    maintainer_email: one('Maintainer-email'),
    name,
    package_url: page,
    platform: one('Platform'),
    project_url: page,
    project_urls: projectUrls(many('Project-URL')),
    provides_extra: many('Provides-Extra'),
    release_url: `${base.href}pypi/${project}/${encodeURIComponent(version)}/json`,
    requires_dist: many('Requires-Dist'),
    requires_python: one('Requires-Python'),
    summary: text('Summary'),
    version,
    yanked,
    yanked_reason: yanked && reason !== undefined ? reason : null,
  }
}

/** 'Label, address'. */
function projectUrls(entries: readonly string[] | null): Record<string, string> | null {
  if (entries === null) return null
  const urls = entries.map((entry) => {
    const cut = entry.indexOf(',')
    return cut < 0 ? ([entry.trim(), ''] as const) : ([entry.slice(0, cut).trim(), entry.slice(cut + 1).trim()] as const)
  })
  return Object.fromEntries(urls)
}

function renderFile(file: FileDocument, base: URL): Record<string, unknown> {
  const digests = {
    ...(file.blake2b256 === undefined ? {} : { blake2b_256: file.blake2b256 }),
    ...(file.md5 === undefined ? {} : { md5: file.md5 }),
    sha256: file.sha256,
  }
  return {
    comment_text: '',
    'core-metadata': file.metadataSha256 === undefined ? false : { sha256: file.metadataSha256 },
    digests,
    downloads: -1,
    filename: file.filename,
    has_sig: false,
    ...(file.md5 === undefined ? {} : { md5_digest: file.md5 }),
    packagetype: file.type,
    python_version: file.python,
    requires_python: file.requiresPython ?? null,
    size: file.size,
    upload_time: file.uploadedAt.slice(0, 19),
    upload_time_iso_8601: file.uploadedAt,
    url: `${base.href}files/${file.sha256}/${encodeURIComponent(file.filename)}`,
    yanked: file.yanked !== false,
    yanked_reason: typeof file.yanked === 'string' ? file.yanked : null,
  }
}
