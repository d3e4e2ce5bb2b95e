import { createHash } from 'node:crypto'
import { type TarMember, tarball } from './tar-builder.js'

export interface NpmPackage {
  readonly name: string
  readonly version: string
  readonly [field: string]: unknown
}

/** A package as `npm pack` makes it: package.json, one module, and whatever else is asked for. */
export function packed(manifest: NpmPackage, more: readonly TarMember[] = []): Promise<Buffer> {
  return tarball([
    { name: 'package/package.json', content: JSON.stringify(manifest) },
    { name: 'package/index.js', content: `module.exports = ${JSON.stringify(manifest.version)}\n` },
    ...more,
  ])
}

export interface PublishBody {
  readonly _id: string
  readonly name: string
  readonly 'dist-tags': Record<string, string>
  readonly versions: Record<string, Record<string, unknown>>
  readonly _attachments: Record<string, Record<string, unknown>>
  readonly [field: string]: unknown
}

export interface BodyOptions {
  readonly tag?: string
  /** More members of the body. */
  readonly [field: string]: unknown
}
export interface PublishOptions extends BodyOptions {
  /** The tarball; default: the package packed. */
  readonly file?: Buffer
}

/** The body that npm sends to publish it (npm dossier 9.1). */
export async function publishBody(manifest: NpmPackage, { file, ...options }: PublishOptions = {}): Promise<PublishBody> {
  return publishDocument(manifest, file ?? (await packed(manifest)), options)
}

export function publishDocument(
  manifest: NpmPackage,
  content: Uint8Array,
  { tag = 'latest', ...more }: BodyOptions = {},
): PublishBody {
  const { name, version } = manifest
  return {
    _id: name,
    name,
    'dist-tags': { [tag]: version },
    versions: {
      [version]: {
        ...manifest,
        _id: `${name}@${version}`,
        _nodeVersion: '20.20.2',
        readme: `# ${name}`,
        readmeFilename: 'README.md',
        dist: {
          integrity: integrityOf(content),
          shasum: createHash('sha1').update(content).digest('hex'),
          tarball: `http://evil.example/${name}/-/${name}-${version}.tgz`,
        },
      },
    },
    access: null,
    _attachments: {
      [`${name}-${version}.tgz`]: {
        content_type: 'application/octet-stream',
        data: Buffer.from(content).toString('base64'),
        length: content.length,
      },
    },
    ...more,
  }
}

export function integrityOf(content: Uint8Array): string {
  return `sha512-${createHash('sha512').update(content).digest('base64')}`
}
