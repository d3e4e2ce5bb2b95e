import { type TarMember, tarball } from './tar-builder.js'
import { type BuiltFile, built, coreMetadata, type WheelOptions } from './wheel-builder.js'
import { buildZip } from './zip-builder.js'

export type SdistOptions = Pick<
  WheelOptions,
  'name' | 'version' | 'requiresPython' | 'headers' | 'metadata' | 'files' | 'filename'
> & {
  readonly extension?: '.tar.gz' | '.zip'
  readonly root?: string
  /** Members behind the usual ones. */
  readonly members?: readonly TarMember[]
  readonly withoutMetadata?: boolean
}

/** A source distribution as a build back end makes it: one folder, PKG-INFO in it. */
export async function buildSdist(options: SdistOptions): Promise<BuiltFile> {
  const { name, version, extension = '.tar.gz' } = options
  const root = options.root ?? `${name.replace(/[-_.]+/g, '_').toLowerCase()}-${version}`
  const metadata = options.metadata ?? coreMetadata(options)
  const files = Object.entries(options.files ?? { 'setup.cfg': '[metadata]\n' }).map(([path, content]) => ({
    name: `${root}/${path}`,
    content,
  }))
  const members = [...(options.withoutMetadata ? [] : [{ name: `${root}/PKG-INFO`, content: metadata }]), ...files]
  const filename = options.filename ?? `${root}${extension}`
  if (extension === '.zip') return built(filename, buildZip(members), metadata)
  return built(filename, await tarball([...members, ...(options.members ?? [])]), metadata)
}
