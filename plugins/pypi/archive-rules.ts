import { invalid, RegistryError } from '#core'
import type { CheckedMetadata, CoreMetadata } from './core-metadata.js'

/** PyPI dossier 10: a ratio that no package has, looked at beyond 64 MiB. */
export const archiveLimits = { ratio: 50, ratioFloor: 64 * 1024 ** 2 } as const

/** What an archive reader refuses, in the words that clients know. A store that failed stays what it was. */
export async function refuseArchive<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading
  } catch (failure) {
    if (!(failure instanceof RegistryError) || !['invalid', 'unprocessable', 'too-large'].includes(failure.kind)) throw failure
    throw invalid(`Invalid distribution file. ${failure.message}`, { detail: failure.detail, cause: failure })
  }
}

/** Licence files that the archive must hold: PEP 639, from Metadata-Version 2.4 on. */
export function licenseFilesOf(metadata: CoreMetadata, { metadataVersion }: CheckedMetadata): readonly string[] {
  const [major, minor] = metadataVersion.split('.').map(Number)
  return major === 2 && (minor ?? 0) >= 4 ? (metadata.fields.get('license-file') ?? []) : []
}
