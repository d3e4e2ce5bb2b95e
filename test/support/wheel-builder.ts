import { createHash } from 'node:crypto'
import { buildZip, type ZipEntry, type ZipShape } from './zip-builder.js'

export interface WheelOptions {
  readonly name: string
  readonly version: string
  /** Default 'py3-none-any'; a build tag stands before it: '1-py3-none-any'. */
  readonly tag?: string
  readonly requiresPython?: string
  /** Further lines of METADATA. */
  readonly headers?: readonly string[]
  /** Whole METADATA instead. */
  readonly metadata?: string
  readonly description?: string
  /** Path to content, beside what every wheel has. */
  readonly files?: Readonly<Record<string, string>>
  readonly filename?: string
  readonly distInfo?: string
  /** Names below .dist-info that are left out. */
  readonly without?: readonly string[]
  /** Lines of RECORD instead of the right ones. */
  readonly record?: string
  readonly entries?: readonly ZipEntry[]
  readonly shape?: ZipShape
}
export interface BuiltFile {
  readonly filename: string
  readonly content: Buffer
  readonly sha256: string
  /** Of a wheel: METADATA. Of a source distribution: PKG-INFO. */
  readonly metadata: string
  readonly metadataSha256: string
}

/** A wheel as a build back end makes it, with times that stand still. */
export function buildWheel(options: WheelOptions): BuiltFile {
  const { name, version, tag = 'py3-none-any' } = options
  const prefix = name.replace(/[-_.]+/g, '_').toLowerCase()
  const folder = options.distInfo ?? `${prefix}-${version}.dist-info`
  const metadata = options.metadata ?? coreMetadata(options)
  const members = new Map<string, string>([
    [`${prefix}/__init__.py`, `__version__ = '${version}'\n`],
    ...Object.entries(options.files ?? {}),
    [`${folder}/METADATA`, metadata],
    [`${folder}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
  ])
  const rows = [...members].map(
    ([path, content]) => `${path},sha256=${digest(content, 'base64url')},${Buffer.byteLength(content)}`,
  )
  members.set(`${folder}/RECORD`, options.record ?? `${[...rows, `${folder}/RECORD,,`].join('\n')}\n`)
  for (const left of options.without ?? []) members.delete(`${folder}/${left}`)
  const entries = [...[...members].map(([path, content]) => ({ name: path, content })), ...(options.entries ?? [])]
  return built(options.filename ?? `${prefix}-${version}-${tag}.whl`, buildZip(entries, options.shape), metadata)
}

export function coreMetadata({ name, version, requiresPython, headers = [], description }: WheelOptions): string {
  const lines = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...headers,
  ]
  return `${lines.join('\n')}\n${description === undefined ? '' : `\n${description}`}`
}

export function built(filename: string, content: Buffer, metadata: string): BuiltFile {
  return { filename, content, sha256: digest(content, 'hex'), metadata, metadataSha256: digest(metadata, 'hex') }
}

function digest(content: string | Uint8Array, encoding: 'hex' | 'base64url'): string {
  return createHash('sha256').update(content).digest(encoding)
}
