import { type Bytes, invalid, readZipEntries, walkTarGz, walkZip } from '#core'
import { archiveLimits, licenseFilesOf, refuseArchive } from './archive-rules.js'
import { type CoreMetadata, checkCoreMetadata, metadataLimits, parseCoreMetadata } from './core-metadata.js'
import type { SourceDistribution } from './distribution-file.js'
import type { InspectedArchive } from './wheel-archive.js'

const limits = { entry: metadataLimits.bytes }
const isPkgInfo = (name: string) => /^(?:\.\/)*[^/]+\/PKG-INFO$/.test(name)
/** Of all names together, which are held until the one folder of all is known. */
const namesBytes = 32 * 1024 ** 2

/** The archive's structure, its one folder, and the PKG-INFO in it. Throws `invalid`. */
export async function inspectSourceDistribution(content: Bytes, file: SourceDistribution): Promise<InspectedArchive> {
  const { names, pkgInfo } = await refuseArchive(file.extension === '.zip' ? readZip(content) : readTar(content))
  const metadataPath = `${rootOf(names)}/PKG-INFO`
  const count = names.filter((name) => name === metadataPath).length
  if (count === 0)
    throw invalid(`Source distribution '${file.filename}' does not contain the required PKG-INFO file: ${metadataPath}`)
  if (count > 1) throw invalid('Invalid distribution file. PKG-INFO stands in the archive twice')
  if (!pkgInfo) throw invalid('Invalid distribution file. PKG-INFO is no plain file')
  const metadata = parseCoreMetadata(pkgInfo)
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
  let found: Uint8Array | undefined
  if (extension === '.zip') [found] = (await readZipEntries(content, isPkgInfo, limits)).values()
  else
    await walkTarGz(
      content,
      async (entry) => {
        if (entry.kind !== 'file' || !isPkgInfo(entry.name)) return true
        found = await entry.read()
        return false
      },
      limits,
    )
  return parseCoreMetadata(found ?? new Uint8Array())
}

interface Read {
  /** Those of folders end in a slash. */
  readonly names: readonly string[]
  readonly pkgInfo: Uint8Array | undefined
}

async function readZip(content: Bytes): Promise<Read> {
  const names = (await walkZip(content, archiveLimits)).map(({ name }) => name)
  const path = `${rootOf(names)}/PKG-INFO`
  return { names, pkgInfo: (await readZipEntries(content, (name) => name === path, limits)).get(path) }
}

/** The folder './' of archives made with `tar .` holds all and is none. */
async function readTar(content: Bytes): Promise<Read> {
  const names: string[] = []
  let pkgInfo: Uint8Array | undefined
  let held = 0
  await walkTarGz(
    content,
    async (entry) => {
      const { name, kind } = entry
      held += name.length
      if (held > namesBytes) throw invalid(`More than ${namesBytes} characters of names`)
      if (name !== '') names.push(kind === 'folder' ? `${name}/` : name)
      if (kind === 'file' && isPkgInfo(name)) pkgInfo ??= await entry.read()
    },
    { ...archiveLimits, ...limits },
  )
  return { names, pkgInfo }
}

function rootOf(names: readonly string[]): string {
  const roots = new Set(names.map((name) => name.slice(0, name.indexOf('/') + 1)))
  const [root = ''] = roots
  if (roots.size !== 1 || root === '') throw invalid('Invalid distribution file. Everything must stand in one directory')
  return root.slice(0, -1)
}
