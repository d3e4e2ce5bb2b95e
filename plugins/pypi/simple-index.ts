import type { DocumentReader, PackageIndex } from '#core'
import { type FileDocument, filesKey, findDocument, type ProjectDocument, projectKey } from './project-documents.js'
import type { ListedFile, ProjectPage } from './project-page.js'
import { renderHtmlPage } from './simple-html.js'
import { renderJsonPage } from './simple-json.js'
import { compareText, compareVersions, parseVersion, type Version, versionKey } from './version.js'

/** The simple index (PEP 503, 691, 700, 740, 792): flavours 'html', 'html-v1' and 'json'. Links are relative to `…/simple/{project}/`, those to provenance
 *  are absolute. */
export const simpleIndex: PackageIndex<ProjectPage> = {
  name: 'simple',
  etag: 'weak',
  load: loadPage,
  render: (page, flavour, base) =>
    flavour === 'json' ? renderJsonPage(page, base) : renderHtmlPage(page, flavour === 'html-v1' ? 'html-v1' : 'html', base),
}

/** Undefined where there is no such project; one without files is an empty page. */
async function loadPage(project: string, documents: DocumentReader): Promise<ProjectPage | undefined> {
  const found = await findDocument<ProjectDocument>(documents, projectKey(project))
  if (!found) return undefined
  const status = found.value.status ?? { status: 'active' }
  if (status.status === 'quarantined') return { project, status, versions: [], files: [] }
  const files: FileDocument[] = []
  for await (const { value } of documents.list(filesKey(project))) files.push(value as unknown as FileDocument)
  return pageOf(project, status, files)
}

interface Parsed {
  readonly document: FileDocument
  readonly version: Version | undefined
}

function pageOf(project: string, status: ProjectPage['status'], documents: readonly FileDocument[]): ProjectPage {
  const parsed = documents.map((document) => ({ document, version: parseVersion(document.version) })).sort(compareFiles)
  return { project, status, versions: versionsOf(parsed), files: parsed.map(({ document }) => listed(document)) }
}

/** One spelling for each release: that of its first upload. `files` are in version order, so the releases come out ascending. */
function versionsOf(files: readonly Parsed[]): readonly string[] {
  const releases = new Map<string, FileDocument>()
  for (const { document, version } of files) {
    const key = version ? versionKey(version) : document.version
    const first = releases.get(key)
    if (!first || document.uploadedAt < first.uploadedAt) releases.set(key, document)
  }
  return [...releases.values()].map(({ version }) => version)
}

function compareFiles(a: Parsed, b: Parsed): number {
  const byVersion = a.version && b.version ? compareVersions(a.version, b.version) : Number(!!a.version) - Number(!!b.version)
  return byVersion || compareText(a.document.filename, b.document.filename)
}

function listed(document: FileDocument): ListedFile {
  const { filename, version, sha256, size, uploadedAt, requiresPython, yanked, metadataSha256, provenance } = document
  return {
    filename,
    version,
    sha256,
    size,
    uploadTime: uploadedAt,
    yanked,
    ...(requiresPython === undefined ? {} : { requiresPython }),
    ...(metadataSha256 === undefined ? {} : { metadataSha256 }),
    ...(provenance === undefined ? {} : { provenance }),
  }
}
