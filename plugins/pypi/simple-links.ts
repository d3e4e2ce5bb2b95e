import type { ListedFile } from './project-page.js'
import { provenancePath } from './provenance.js'

export interface RenderedPage {
  readonly contentType: string
  readonly body: AsyncIterable<string>
}

/** A list of projects, to be written one after the other. */
export interface PageParts {
  readonly contentType: string
  readonly begin: string
  readonly between: string
  readonly project: (project: string, name: string) => string
  readonly end: string
}

/** Relative to a project's page, so that it survives prefixes, TLS in front and several host names. The file name is the last segment: clients
 *  take name, version and tags from it. */
export function fileUrl({ sha256, filename }: { readonly sha256: string; readonly filename: string }): string {
  return `../../files/${sha256}/${encodeURIComponent(filename)}`
}

/** Absolute, as PEP 740 wants it. */
export function provenanceUrl(project: string, { version, filename }: ListedFile, base: URL): string {
  return `${base.href}${provenancePath(project, version, filename)}`
}
