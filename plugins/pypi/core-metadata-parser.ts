import { type Bytes, invalid, type MetadataParser, type PackageFacts } from '#core'
import { type CoreMetadata, fieldOf } from './core-metadata.js'
import { type DistributionFile, parseFilename } from './distribution-file.js'
import type { ProjectDocument } from './project-documents.js'
import { inspectSourceDistribution } from './sdist-archive.js'
import { normalVersion, versionKey } from './version.js'
import { type InspectedArchive, inspectWheel } from './wheel-archive.js'

/** What one distribution says about itself. */
export type DistributionFacts = PackageFacts & {
  readonly name: string
  readonly version: string
  readonly metadataVersion: string
  readonly requiresPython?: string
  readonly requiresDist: readonly string[]
  /** Of METADATA or PKG-INFO, within the archive. */
  readonly metadataPath: string
  readonly warnings: readonly string[]
}

/** Wheels and source distributions, by the core metadata inside them. Everything in the archive is checked on the way (PyPI dossier 9, 10). */
export const coreMetadataParser: MetadataParser = {
  claims: (path) => fileAt(path) !== undefined,
  async parse(content: Bytes, path: string): Promise<DistributionFacts> {
    const file = fileAt(path)
    if (!file) throw invalid(`Not a distribution file: ${path}`)
    const inspected = file.type === 'sdist' ? await inspectSourceDistribution(content, file) : await inspectWheel(content, file)
    checkAgreement(file, inspected)
    return factsOf(inspected)
  },
}

function fileAt(path: string): DistributionFile | undefined {
  return parseFilename(path.slice(path.lastIndexOf('/') + 1))
}

function checkAgreement(file: DistributionFile, { checked, metadataPath }: InspectedArchive): void {
  const where = metadataPath.slice(metadataPath.lastIndexOf('/') + 1)
  if (checked.project !== file.project) {
    throw invalid(`Invalid distribution file. ${where} is of project '${checked.name}', the file name is of '${file.name}'`)
  }
  if (versionKey(checked.version) !== versionKey(file.version)) {
    const [inside, outside] = [normalVersion(checked.version), normalVersion(file.version)]
    throw invalid(`Invalid distribution file. ${where} is of version '${inside}', the file name is of '${outside}'`)
  }
}

function factsOf({ metadata, checked, metadataPath, warnings }: InspectedArchive): DistributionFacts {
  return {
    name: checked.name,
    version: normalVersion(checked.version),
    metadataVersion: checked.metadataVersion,
    metadataPath,
    warnings,
    requiresDist: metadata.fields.get('requires-dist') ?? [],
    ...(checked.requiresPython === undefined ? {} : { requiresPython: checked.requiresPython }),
    ...shownFacts(metadata),
  }
}

/** What search and pages show of a release. */
export function shownFacts(metadata: CoreMetadata): ProjectDocument['facts'] {
  const summary = fieldOf(metadata, 'Summary')
  const license = fieldOf(metadata, 'License-Expression') ?? fieldOf(metadata, 'License')
  const homepage = fieldOf(metadata, 'Home-page') ?? homepageAmongUrls(metadata)
  const keywords = keywordsOf(metadata)
  return {
    ...(summary === undefined ? {} : { description: summary }),
    ...(license === undefined ? {} : { license: firstLine(license) }),
    ...(homepage === undefined ? {} : { homepage: homepage.slice(0, 2048) }),
    ...(keywords.length === 0 ? {} : { keywords }),
  }
}

function homepageAmongUrls(metadata: CoreMetadata): string | undefined {
  for (const entry of metadata.fields.get('project-url') ?? []) {
    const match = /^\s*home[ _-]?page\s*,\s*(https?:\/\/\S+)\s*$/i.exec(entry)
    if (match) return match[1]
  }
  return undefined
}

/** Comma separated; space separated in old files. */
function keywordsOf(metadata: CoreMetadata): readonly string[] {
  const text = fieldOf(metadata, 'Keywords') ?? ''
  const words = text.split(text.includes(',') ? ',' : /\s+/).map((word) => word.trim())
  return [...new Set(words)].filter((word) => word !== '' && word.length <= 64).slice(0, 64)
}

/** Some put the whole text of their licence there. */
function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').trim().slice(0, 256)
}
