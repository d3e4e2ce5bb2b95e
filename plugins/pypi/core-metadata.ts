import { invalid, type RegistryError } from '#core'
import { isProjectName, normalizeName } from './project-name.js'
import { parseVersion, type Version } from './version.js'
import { isSpecifierSet } from './version-specifier.js'

/** Bytes of METADATA or PKG-INFO, and of a form's description; fields of one file (PyPI dossier 9). */
export const metadataLimits = { bytes: 4 * 1024 * 1024, headers: 10_000, summary: 512 } as const

/** Fields of a METADATA or PKG-INFO file: names in lower case, values unfolded, in their order. */
export interface CoreMetadata {
  readonly fields: ReadonlyMap<string, readonly string[]>
  /** From the body, or from the old header of that name. */
  readonly description: string | undefined
}

/** What a page or a search wants to know of one distribution. */
export interface CheckedMetadata {
  readonly metadataVersion: string
  readonly name: string
  readonly project: string
  readonly version: Version
  readonly requiresPython?: string
}

/** Takes the header format apart (RFC 822 in name; no encoded words, no line limit). Each field is UTF-8, or Latin-1 where it is not. */
export function parseCoreMetadata(content: Uint8Array): CoreMetadata {
  if (content.byteLength > metadataLimits.bytes) throw invalid('Metadata is larger than 4 MiB.')
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const fields = new Map<string, string[]>()
  let at = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0
  let count = 0
  while (at < bytes.length) {
    const { end, next } = lineAt(bytes, at)
    if (end === at) return withDescription(fields, decode(bytes.subarray(next)))
    const colon = bytes.subarray(at, end).indexOf(0x3a)
    const name = colon < 1 ? '' : bytes.toString('latin1', at, at + colon)
    if (!/^[A-Za-z0-9-]+$/.test(name))
      throw invalid(`Metadata has a line that is no field: ${shown(decode(bytes.subarray(at, end)))}`)
    if (++count > metadataLimits.headers) throw invalid(`Metadata has more than ${metadataLimits.headers} fields.`)
    const lines = [bytes.subarray(at + colon + 1, end)]
    at = next
    while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x09)) {
      const continued = lineAt(bytes, at)
      lines.push(bytes.subarray(at, continued.end))
      at = continued.next
    }
    const key = name.toLowerCase()
    const value = unfold(lines)
    const values = fields.get(key)
    if (values) values.push(value)
    else fields.set(key, [value])
  }
  return withDescription(fields, undefined)
}

/** The first value of a field; 'UNKNOWN' and the empty text say nothing. */
export function fieldOf(metadata: CoreMetadata, name: string): string | undefined {
  return metadata.fields.get(name.toLowerCase())?.find((value) => value !== '' && value !== 'UNKNOWN')
}

/** The checks of an upload, in the order in which they are reported: Metadata-Version, Name, Version, the rest. Throws `invalid`. */
export function checkCoreMetadata(metadata: CoreMetadata): CheckedMetadata {
  const metadataVersion = checkMetadataVersion(single(metadata, 'Metadata-Version'))
  const name = checkName(single(metadata, 'Name'))
  const version = checkVersion(single(metadata, 'Version'))
  const requiresPython = single(metadata, 'Requires-Python')
  if (requiresPython !== undefined && !isSpecifierSet(requiresPython)) {
    throw invalidField('Requires-Python', requiresPython, 'Invalid specifier.')
  }
  const summary = single(metadata, 'Summary')
  if (summary !== undefined && (summary.length > metadataLimits.summary || /[\r\n]/.test(summary))) {
    throw invalidField('Summary', summary, `Use one line of at most ${metadataLimits.summary} characters.`)
  }
  if (
    fieldOf(metadata, 'License') !== undefined &&
    fieldOf(metadata, 'License-Expression') !== undefined &&
    atLeast(metadataVersion, 4)
  ) {
    throw invalid('License is deprecated when License-Expression is present. Only License-Expression should be present.')
  }
  return {
    metadataVersion,
    name,
    project: normalizeName(name),
    version,
    ...(requiresPython === undefined || requiresPython === '' ? {} : { requiresPython }),
  }
}

/** '1.x' and '2.x': an unknown minor is a newer build back end, an unknown major another format. */
export function checkMetadataVersion(value: string | undefined): string {
  if (value === undefined) throw invalidField('Metadata-Version', '', 'This field is required.')
  if (!/^[12]\.[0-9]{1,3}$/.test(value)) throw invalidField('Metadata-Version', value, 'Use a known metadata version.')
  return value
}

export function checkName(value: string | undefined): string {
  if (value === undefined) throw invalidField('Name', '', 'This field is required.')
  if (!isProjectName(value)) {
    throw invalidField(
      'Name',
      value,
      "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'.",
    )
  }
  return value
}

export function checkVersion(value: string | undefined): Version {
  if (value === undefined) throw invalidField('Version', '', 'This field is required.')
  const version = parseVersion(value)
  if (!version) throw invalidField('Version', value, 'Start and end with a letter or numeral, as PEP 440 defines versions.')
  return version
}

export function invalidField(field: string, value: string, error: string): RegistryError {
  return invalid(`'${shown(value)}' is an invalid value for ${field}. Error: ${error}`, { detail: { field } })
}

function atLeast(metadataVersion: string, minor: number): boolean {
  const [major, number] = metadataVersion.split('.').map(Number)
  return major === 2 && (number ?? 0) >= minor
}

/** Of a field that may stand once. */
function single(metadata: CoreMetadata, name: string): string | undefined {
  const values = metadata.fields.get(name.toLowerCase())
  if (values && values.length > 1) throw invalidField(name, values[1] ?? '', 'This field may be given once.')
  return fieldOf(metadata, name)
}

function withDescription(fields: Map<string, string[]>, body: string | undefined): CoreMetadata {
  const fromBody = body === undefined || body.trim() === '' ? undefined : body
  const header = fields.get('description')?.[0]
  return { fields, description: fromBody ?? (header === undefined || header === '' || header === 'UNKNOWN' ? undefined : header) }
}

/** Continuation lines carry eight spaces, or seven and a '|', before their text. */
function unfold(lines: readonly Buffer[]): string {
  const [first = Buffer.alloc(0), ...more] = lines
  const parts = [decode(first).trim(), ...more.map((line) => decode(line).replace(/^(?: {7}\|| {8}|[ \t]+)/, ''))]
  return parts.join('\n').trimEnd()
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Buffer): string {
  try {
    return strict.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}

function lineAt(bytes: Buffer, at: number): { readonly end: number; readonly next: number } {
  const newline = bytes.indexOf(0x0a, at)
  const stop = newline < 0 ? bytes.length : newline
  const end = stop > at && bytes[stop - 1] === 0x0d ? stop - 1 : stop
  return { end, next: newline < 0 ? bytes.length : newline + 1 }
}

function shown(value: string): string {
  return value.length > 120 ? `${value.slice(0, 120)}…` : value
}
