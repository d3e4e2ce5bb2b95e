import { createHash } from 'node:crypto'
import { type Bytes, invalid, readZipEntries, walkZip } from '#core'
import { archiveLimits, licenseFilesOf, refuseArchive } from './archive-rules.js'
import { type CheckedMetadata, type CoreMetadata, checkCoreMetadata, metadataLimits, parseCoreMetadata } from './core-metadata.js'
import type { Wheel } from './distribution-file.js'
import { isProjectName, normalizeName } from './project-name.js'
import { parseRecord, type RecordRow } from './record-file.js'
import { parseVersion, versionKey } from './version.js'

export interface InspectedArchive {
  readonly metadata: CoreMetadata
  readonly checked: CheckedMetadata
  /** Name of METADATA or PKG-INFO in the archive. */
  readonly metadataPath: string
  /** What an installer would not stumble over but a reader of the log should know. */
  readonly warnings: readonly string[]
}

/** The wheel's structure, its METADATA, WHEEL and RECORD, and what they say of each other. Throws `invalid`. */
export async function inspectWheel(content: Bytes, file: Wheel): Promise<InspectedArchive> {
  const names = new Set<string>()
  for (const { name } of await refuseArchive(walkZip(content, archiveLimits))) names.add(name)
  const folder = distInfoOf(names, file)
  for (const required of ['METADATA', 'WHEEL', 'RECORD']) {
    if (!names.has(`${folder}/${required}`)) {
      throw invalid(`Wheel '${file.filename}' does not contain the required ${required} file: ${folder}/${required}`)
    }
  }
  const wanted = ['METADATA', 'WHEEL', 'RECORD', 'entry_points.txt'].map((name) => `${folder}/${name}`)
  const limits = { entry: Math.max(metadataLimits.bytes, recordLimit) }
  const found = await refuseArchive(readZipEntries(content, (name) => wanted.includes(name), limits))
  const rows = parseRecord(text(found.get(`${folder}/RECORD`)))
  for (const [name, bytes] of found) if (!name.endsWith('/RECORD')) checkRow(rows.get(name), name, bytes)
  checkEntryPoints(text(found.get(`${folder}/entry_points.txt`)))
  const metadata = parseCoreMetadata(found.get(`${folder}/METADATA`) ?? new Uint8Array())
  const checked = checkCoreMetadata(metadata)
  for (const license of licenseFilesOf(metadata, checked)) {
    if (!names.has(`${folder}/licenses/${license}`) && !names.has(`${folder}/${license}`)) {
      throw invalid(
        `License-File ${license} does not exist in distribution file ${file.filename} at ${folder}/licenses/${license}`,
      )
    }
  }
  return {
    metadata,
    checked,
    metadataPath: `${folder}/METADATA`,
    warnings: [...compareRecord(rows, names, folder), ...twins(names)],
  }
}

/** A wheel of 65,535 members lists each with its digest. */
const recordLimit = 16 * 1024 ** 2

/** Its spelling need not be the file name's: case and separators differ in the wild. */
function distInfoOf(names: ReadonlySet<string>, file: Wheel): string {
  const folders = new Set<string>()
  for (const name of names) {
    const match = /^([^/]+\.dist-info)\//.exec(name)
    if (match?.[1]) folders.add(match[1])
  }
  const [folder, ...others] = folders
  if (others.length > 0) throw invalid('Invalid distribution file. Several .dist-info directories at the top of the wheel')
  const match = /^([^/]+)-([^/-]+)\.dist-info$/.exec(folder ?? '')
  const [, name = '', versionText = ''] = match ?? []
  const version = parseVersion(versionText)
  const fits =
    isProjectName(name) && normalizeName(name) === file.project && version && versionKey(version) === versionKey(file.version)
  if (!folder || !fits) {
    const expected = file.filename.split('-').slice(0, 2).join('-')
    throw invalid(`Wheel '${file.filename}' does not contain the required METADATA file: ${expected}.dist-info/METADATA`)
  }
  return folder
}

function checkRow(row: RecordRow | undefined, name: string, bytes: Uint8Array): void {
  if (!row) return
  if (row.size !== undefined && row.size !== bytes.byteLength)
    throw invalid(`Invalid distribution file. RECORD has another size for ${name}`)
  if (row.sha256 !== undefined && row.sha256 !== createHash('sha256').update(bytes).digest('base64url')) {
    throw invalid(`Invalid distribution file. RECORD has another digest for ${name}`)
  }
}

/** RECORD and its signatures need not list themselves. */
function compareRecord(rows: ReadonlyMap<string, RecordRow>, names: ReadonlySet<string>, folder: string): readonly string[] {
  const own = new Set(['RECORD', 'RECORD.jws', 'RECORD.p7s'].map((name) => `${folder}/${name}`))
  let unlisted = 0
  let absent = 0
  for (const name of names) if (!name.endsWith('/') && !own.has(name) && !rows.has(name)) unlisted++
  for (const name of rows.keys()) if (!names.has(name)) absent++
  return [
    ...(unlisted > 0 ? [`RECORD does not list ${unlisted} members of the wheel`] : []),
    ...(absent > 0 ? [`RECORD lists ${absent} files that are not in the wheel`] : []),
  ]
}

/** Members that are one file where a disk knows no case, or spells letters otherwise. */
function twins(names: ReadonlySet<string>): readonly string[] {
  const folded = new Set([...names].map((name) => name.normalize('NFC').toLowerCase()))
  return folded.size === names.size ? [] : [`${names.size - folded.size} members of the wheel differ in case or spelling alone`]
}

/** INI, as importlib.metadata reads it: sections, 'name = object', comments, continued values. */
function checkEntryPoints(content: string): void {
  let section = false
  for (const line of content.split(/\r\n|\n|\r/)) {
    if (/^\s*(?:[#;].*)?$/.test(line)) continue
    if (/^\[[^\]]+\]\s*$/.test(line)) section = true
    else if (!section || !/^(?:\s+\S|[^=:\s][^=:]*[=:])/.test(line))
      throw invalid('Invalid distribution file. Malformed entry_points.txt')
  }
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes)
}
