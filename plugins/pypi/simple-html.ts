import { mediaTypes } from './media-type.js'
import type { ListedFile, ProjectPage } from './project-page.js'
import { fileUrl, type PageParts, provenanceUrl, type RenderedPage } from './simple-links.js'

/** HTML stays what API 1.4 defined (PEP 833): no size, no time, no versions. Consumers match it with regular expressions: one anchor a line, href first. */
const apiVersion = '1.4'

/** In pieces, one for each file. */
export function renderHtmlPage({ project, status, files }: ProjectPage, flavour: 'html' | 'html-v1', base: URL): RenderedPage {
  const metas =
    status.status === 'active' && status.reason === undefined
      ? []
      : [
          `    <meta name="pypi:project-status" content="${escapeHtml(status.status)}">`,
          ...(status.reason === undefined
            ? []
            : [`    <meta name="pypi:project-status-reason" content="${escapeHtml(status.reason)}">`]),
        ]
  const title = `Links for ${escapeHtml(project)}`
  const { contentType, begin, end } = frame(title, metas, flavour)
  const anchors = async function* () {
    yield begin
    for (const file of files) yield `${renderAnchor(project, file, base)}\n`
    yield end
  }
  return { contentType, body: anchors() }
}

/** The list of projects: display names over relative links. */
export function htmlListParts(flavour: 'html' | 'html-v1'): PageParts {
  const { contentType, begin, end } = frame('Simple index', [], flavour)
  const project = (project: string, name: string) => `    <a href="${project}/">${escapeHtml(name)}</a><br>\n`
  return { contentType, begin, between: '', project, end }
}

function frame(title: string, metas: readonly string[], flavour: 'html' | 'html-v1') {
  const lines = [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '  <head>',
    '    <meta charset="utf-8">',
    `    <meta name="pypi:repository-version" content="${apiVersion}">`,
    ...metas,
    `    <title>${title}</title>`,
    '  </head>',
    '  <body>',
    `    <h1>${title}</h1>`,
    '',
  ]
  return {
    contentType: `${mediaTypes[flavour]}; charset=utf-8`,
    begin: lines.join('\n'),
    end: '  </body>\n</html>\n',
  }
}

/** `data-yanked` always has a value and a `false` is never written: pip reads a bare attribute as not yanked, and any value as there. */
function renderAnchor(project: string, file: ListedFile, base: URL): string {
  const attributes = [
    `href="${escapeHtml(fileUrl(file))}#sha256=${file.sha256}"`,
    ...(file.requiresPython === undefined ? [] : [`data-requires-python="${escapeHtml(file.requiresPython)}"`]),
    ...(file.metadataSha256 === undefined
      ? []
      : [`data-dist-info-metadata="sha256=${file.metadataSha256}"`, `data-core-metadata="sha256=${file.metadataSha256}"`]),
    ...(file.provenance === undefined ? [] : [`data-provenance="${escapeHtml(provenanceUrl(project, file, base))}"`]),
    ...(file.yanked === false ? [] : [`data-yanked="${file.yanked === true ? '' : escapeHtml(file.yanked)}"`]),
  ]
  return `    <a ${attributes.join(' ')}>${escapeHtml(file.filename)}</a><br>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
