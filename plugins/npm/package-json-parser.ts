import {
  type Bytes,
  type Json,
  type JsonObject,
  type MetadataParser,
  type PackageFacts,
  RegistryError,
  type TarEntry,
  unprocessable,
  walkTarGz,
} from '#core'
import { isObject, isText } from './manifest.js'
import { comparedFields } from './manifest-agreement.js'

/** What a tarball says about its package. */
export type TarballFacts = PackageFacts & {
  readonly name: string
  readonly version: string
  readonly tarball: {
    /** Fields of its package.json that a manifest is held against. */
    readonly fields: JsonObject
    readonly fileCount: number
    readonly unpackedSize: number
    readonly hasGyp: boolean
    readonly hasShrinkwrap: boolean
  }
}

/** Reads the one package.json at the root of a .tgz: the folder that everything lies in, whatever its name, is cut off as clients do it. */
export const packageJsonParser: MetadataParser = {
  claims: (path) => path.endsWith('.tgz'),
  async parse(content: Bytes): Promise<TarballFacts> {
    let packageJson: Uint8Array | undefined
    let named = false
    let fileCount = 0
    let unpackedSize = 0
    let hasGyp = false
    let hasShrinkwrap = false
    await walk(content, async (entry) => {
      const name = landing(entry)
      // Whatever would come to lie there, on file systems too that do not tell cases apart: clients and we have to read the same.
      const isPackageJson = name.toLowerCase() === 'package.json'
      if (isPackageJson && named) throw unprocessable('the tarball has more than one package.json at its root')
      named ||= isPackageJson
      if (entry.kind !== 'file') return
      fileCount += 1
      unpackedSize += entry.size
      if (name === 'npm-shrinkwrap.json') hasShrinkwrap = true
      if (/^[^/]*\.gyp$/.test(name)) hasGyp = true
      if (name !== 'package.json') return
      packageJson = await entry.read()
    })
    if (packageJson === undefined) throw unprocessable('the tarball has no package.json at its root')
    const { name, version, ...fields } = parsed(packageJson)
    if (!isText(name) || !isText(version)) throw unprocessable('the package.json in the tarball has no name and version')
    return {
      name,
      version,
      ...described(fields),
      tarball: {
        fields: {
          name,
          ...Object.fromEntries(comparedFields.flatMap((field) => (fields[field] === undefined ? [] : [[field, fields[field]]]))),
        },
        fileCount,
        unpackedSize,
        hasGyp,
        hasShrinkwrap,
      },
    }
  },
}

/** Throws `unprocessable` where the archive is none, or one that clients would not all read alike. */
async function walk(content: Bytes, visit: (entry: TarEntry) => unknown): Promise<void> {
  try {
    await walkTarGz(content, visit)
  } catch (thrown) {
    if (!(thrown instanceof RegistryError) || thrown.kind !== 'invalid') throw thrown
    throw unprocessable(`the tarball is not taken: ${thrown.message.slice(0, 300)}`, { detail: thrown.detail, cause: thrown })
  }
}

/** Where an entry lands when the archive's folder, its first segment as it is written, is cut off: clients lose empty and '.' segments as they write. */
function landing({ written }: TarEntry): string {
  return written
    .split('/')
    .slice(1)
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/')
}

function parsed(packageJson: Uint8Array): { readonly [field: string]: Json } {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(packageJson))
  } catch (cause) {
    throw unprocessable('the package.json in the tarball is not JSON', { cause })
  }
  if (!isObject(value)) throw unprocessable('the package.json in the tarball is not an object')
  return value
}

function described({ description, license, homepage }: JsonObject): PackageFacts {
  return {
    ...(isText(description) ? { description: description.slice(0, 500) } : {}),
    ...(isText(license) ? { license: license.slice(0, 100) } : {}),
    ...(isText(homepage) ? { homepage: homepage.slice(0, 500) } : {}),
  }
}
