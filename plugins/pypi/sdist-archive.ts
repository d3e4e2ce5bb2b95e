import { type Bytes, invalid, readTarEntry, readZipEntries, walkTarGz, walkZip } from '#core'
import { archiveLimits, licenseFilesOf, refuseArchive } from './archive-rules.js'
import { type CoreMetadata, checkCoreMetadata, metadataLimits, parseCoreMetadata } from './core-metadata.js'
import type { SourceDistribution } from './distribution-file.js'
import type { InspectedArchive } from './wheel-archive.js'

/** The archive's structure, its one folder, and the PKG-INFO in it. Throws `invalid`. */
export async function inspectSourceDistribution(content: Bytes, file: SourceDistribution): Promise<InspectedArchive> {
  const names = await refuseArchive(file.extension === '.zip' ? zipNames(content) : tarNames(content))
  const metadataPath = `${rootOf(names)}/PKG-INFO`
  const count = names.filter((name) => name === metadataPath).length
  if (count === 0)
    throw invalid(`Source distribution '${file.filename}' does not contain the required PKG-INFO file: ${metadataPath}`)
  if (count > 1) throw invalid('Invalid distribution file. PKG-INFO stands in the archive twice')
  const metadata = parseCoreMetadata(await refuseArchive(readMetadata(content, file, metadataPath)))
  const checked = checkCoreMetadata(metadata)
  const present = new Set(names)
  for (const license of licenseFilesOf(metadata, checked)) {
    const path = `${rootOf(names)}/${license}`
    if (!present.has(path))
      throw invalid(`License-File ${license} does not exist in distribution file ${file.filename} at ${path}`)
  }
  return { metadata, checked, metadataPath, warnings: [] }
}

/** PKG-INFO of an archive that was inspected when it was uploaded: the one of its one folder. */
export async function readSourceMetadata(content: Bytes, { extension }: SourceDistribution): Promise<CoreMetadata> {
  const limits = { entry: metadataLimits.bytes }
  const ofRoot = (name: string) => /^(?:\.\/)*[^/]+\/PKG-INFO$/.test(name)
  if (extension !== '.zip') return parseCoreMetadata((await readTarEntry(content, ofRoot, limits))?.content ?? new Uint8Array())
  const [found = new Uint8Array()] = (await readZipEntries(content, ofRoot, limits)).values()
  return parseCoreMetadata(found)
}

async function zipNames(content: Bytes): Promise<readonly string[]> {
  return (await walkZip(content, archiveLimits)).map(({ name }) => name)
}

/** The folder './' of archives made with `tar .` holds all and is none. */
async function tarNames(content: Bytes): Promise<readonly string[]> {
  const members = await walkTarGz(content, archiveLimits)
  return members.filter(({ name }) => name !== '').map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name))
}

function rootOf(names: readonly string[]): string {
  const roots = new Set(names.map((name) => name.slice(0, name.indexOf('/') + 1)))
  const [root = ''] = roots
  if (roots.size !== 1 || root === '') throw invalid('Invalid distribution file. Everything must stand in one directory')
  return root.slice(0, -1)
}

async function readMetadata(content: Bytes, { extension }: SourceDistribution, path: string): Promise<Uint8Array> {
  const limits = { entry: metadataLimits.bytes }
  if (extension === '.zip') return (await readZipEntries(content, (name) => name === path, limits)).get(path) ?? new Uint8Array()
  const found = await readTarEntry(content, (name) => name.replace(/^(?:\.\/)+/, '') === path, limits)
  if (!found) throw invalid('PKG-INFO is no plain file')
  return found.content
}
