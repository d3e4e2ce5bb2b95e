import type { Readable } from 'node:stream'
import {
  addressBelow,
  type Digests,
  eachZipEntry,
  invalid,
  memberNameFault,
  type RepositoryContext,
  type StagedBlob,
} from '#core'
import type { BundleFaults } from './bundle-faults.js'
import { readChecksum } from './checksum-text.js'
import { type ArtifactFile, type ChecksumAlgorithm, checksumAlgorithms, type MavenPath, parseMavenPath } from './layout.js'
import { admitFile } from './repository-rules.js'

const limits = { entries: 20_000, ratio: 100 }

export interface BundleFile {
  readonly path: string
  readonly blob: StagedBlob
  /** Undefined for one that only a permissive repository takes. */
  readonly file: ArtifactFile | undefined
  readonly parsed: MavenPath
}

interface Plan {
  readonly files: ReadonlyMap<string, Pick<BundleFile, 'file' | 'parsed'>>
  readonly sums: ReadonlyMap<string, Partial<Record<ChecksumAlgorithm, string>>>
}

/** Every file of a bundle, staged under the checksums that came with it; metadata in it is passed over, since it is made here. What is wrong with a
 *  file goes into `faults`; throws `invalid` for an archive that is none, or that holds names which nobody could put (maven dossier 7.4). */
export async function readBundle(
  archive: StagedBlob,
  context: RepositoryContext,
  faults: BundleFaults,
): Promise<readonly BundleFile[]> {
  const plan = await planOf(archive, context, faults)
  const files: BundleFile[] = []
  // What cannot be published is not unpacked.
  if (!faults.none) return files
  await eachFile(archive, context, async (path, open) => {
    const planned = plan.files.get(path)
    if (planned === undefined) return
    const expected: Partial<Digests> = plan.sums.get(path) ?? {}
    await faults.collect(path, async () => {
      files.push({ path, blob: await context.stage(await open(), expected, { settled: true }), ...planned })
    })
  })
  return files
}

/** Names, and the few bytes of each checksum: those may stand behind their files. */
async function planOf(archive: StagedBlob, context: RepositoryContext, faults: BundleFaults): Promise<Plan> {
  const files = new Map<string, Pick<BundleFile, 'file' | 'parsed'>>()
  const sums = new Map<string, Partial<Record<ChecksumAlgorithm, string>>>()
  const names = new Set<string>()
  await eachFile(archive, context, async (path, open) => {
    if (names.has(path)) throw invalid(`Two members of the bundle have one name: ${path}`)
    names.add(path)
    const parsed = parseMavenPath(path)
    if ((parsed.kind === 'checksum' ? parsed.of : parsed).kind === 'metadata') return
    await faults.collect(path, async () => {
      if (parsed.kind !== 'checksum') {
        files.set(path, { file: admitFile(path, parsed, context.repository), parsed })
        return
      }
      const { algorithm, target } = parsed
      admitFile(target, parsed.of, context.repository)
      sums.set(target, { ...sums.get(target), [algorithm]: await readChecksum(await open(), algorithm) })
    })
  })
  for (const [target, values] of sums)
    for (const algorithm of names.has(target) ? [] : checksumAlgorithms)
      if (values[algorithm] !== undefined) faults.add(target, `${target} is not in the bundle, and a ${algorithm} of it is`)
  return { files, sums }
}

async function eachFile(
  archive: StagedBlob,
  { mountUrl }: RepositoryContext,
  take: (path: string, open: () => Promise<Readable>) => Promise<void>,
): Promise<void> {
  const visit = async ({ name, kind, open }: { name: string; kind: string; open(): Promise<Readable> }) => {
    const fault = memberNameFault(name)
    if (fault !== undefined) throw invalid(fault)
    if (kind === 'folder') return
    if (kind !== 'file') throw invalid(`The bundle has a member that is no file: ${name}`)
    // The rules of an address, since that is what it will be read by.
    const address = name.split('/').map(encodeURIComponent).join('/')
    addressBelow(`${mountUrl.pathname.replace(/\/$/, '')}/${address}`, mountUrl, { emptySegments: 'refuse' }, 'PUT')
    await take(name, open)
  }
  await eachZipEntry(archive, visit, limits)
}
