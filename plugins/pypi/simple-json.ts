import { mediaTypes } from './media-type.js'
import type { ListedFile, ProjectPage } from './project-page.js'
import { fileUrl, type PageParts, provenanceUrl, type RenderedPage } from './simple-links.js'

/** A size is required from 1.1 on: a page that lacks one claims what it can keep (PyPI dossier 5). */
function apiVersion(files: readonly ListedFile[]): '1.4' | '1.0' {
  return files.every(({ size }) => size !== undefined) ? '1.4' : '1.0'
}

/** In pieces, one for each file. */
export function renderJsonPage(page: ProjectPage, base: URL): RenderedPage {
  return { contentType: mediaTypes.json, body: jsonPieces(page, base) }
}

async function* jsonPieces({ project, status, versions, files }: ProjectPage, base: URL): AsyncGenerator<string> {
  const head = { meta: { 'api-version': apiVersion(files) }, name: project, 'project-status': status, versions }
  yield `${JSON.stringify(head).slice(0, -1)},"files":[`
  let before = ''
  for (const file of files) {
    yield before + JSON.stringify(renderFile(project, file, base))
    before = ','
  }
  yield ']}\n'
}

/** The list of projects: display names. */
export function jsonListParts(): PageParts {
  return {
    contentType: mediaTypes.json,
    begin: '{"meta":{"api-version":"1.4"},"projects":[',
    between: ',',
    project: (_project, name) => JSON.stringify({ name }),
    end: ']}\n',
  }
}

/** What is unknown is left out: uv drops a page with a null for size, time or yank. sha256 alone: pip checks every digest it is given. The metadata stands
 *  under its new name alone: pip 22.3 to 23.0 fail on the old one (PEP 714). */
function renderFile(project: string, file: ListedFile, base: URL): Record<string, unknown> {
  const metadata = file.metadataSha256 === undefined ? undefined : { sha256: file.metadataSha256 }
  return {
    filename: file.filename,
    url: fileUrl(file),
    hashes: { sha256: file.sha256 },
    ...(file.requiresPython === undefined ? {} : { 'requires-python': file.requiresPython }),
    ...(file.size === undefined ? {} : { size: file.size }),
    ...(file.uploadTime === undefined ? {} : { 'upload-time': file.uploadTime }),
    yanked: file.yanked === '' ? true : file.yanked,
    ...(metadata === undefined ? {} : { 'core-metadata': metadata }),
    provenance: file.provenance === undefined ? null : provenanceUrl(project, file, base),
  }
}
