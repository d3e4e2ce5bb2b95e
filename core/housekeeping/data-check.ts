import { several } from '../runtime/several.js'
import type { BlobKey, BlobStore } from '../storage/blob-store.js'
import type { Entry, Key, MetadataStore } from '../storage/metadata-store.js'
import { type ArtifactRow, type BlobRow, row, type VersionRow } from '../storage/storage-rows.js'
import { blobKey, nameId, tenantKeys } from '../storage/tenant-keys.js'

/** What is wrong: where (a name that people know, where there is one), and what. */
export interface DataProblem {
  readonly kind: 'no-object' | 'wrong-size' | 'no-blob' | 'no-version' | 'no-reference' | 'damaged' | 'unreadable'
  readonly where: string
  readonly says: string
}

export interface DataCount {
  rows: number
  /** Blobs with a row, and their bytes in the store. */
  blobs: number
  bytes: number
  /** Objects in the store that no row names: uploads under way, or left by a crash until the sweeper comes. */
  unnamed: number
  problems: number
}

export interface DataCheckOptions {
  /** Called as they are found; none is kept. */
  readonly onProblem: (problem: DataProblem) => void
  readonly onRow?: () => void
  /** Questions to the stores at the same time; 16. */
  readonly atOnce?: number
}

type Doubt = { readonly entry: Entry; readonly problem: DataProblem }

/** Walks every row, then every object: each named blob is there and of its size, and no row hangs in the air (I2 of security guide 1.11). Changes nothing and
 *  keeps nothing but counts; a house may serve meanwhile: what looks wrong is looked at again before it is told. */
export async function checkData(metadata: MetadataStore, blobs: BlobStore, options: DataCheckOptions): Promise<DataCount> {
  const count: DataCount = { rows: 0, blobs: 0, bytes: 0, unnamed: 0, problems: 0 }
  const rows = new RowCheck(metadata, blobs, count)
  const atOnce = options.atOnce ?? 16
  await several(metadata.scan(), atOnce, async ({ entry }) => {
    count.rows++
    options.onRow?.()
    const doubt = await rows.doubt(entry)
    if (doubt === undefined || !(await rows.standsAgain(doubt))) return
    count.problems++
    options.onProblem(doubt.problem)
  })
  await several(blobs.list(''), atOnce, async (key) => {
    const [org = '', , , blobId = ''] = key.split('/')
    const named = await metadata.get(tenantKeys.blob(org, blobId))
    if (named === undefined && (await metadata.get(tenantKeys.object(org, blobId))) === undefined) count.unnamed++
  })
  return count
}

class RowCheck {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly blobs: BlobStore,
    private readonly count: DataCount,
  ) {}

  async doubt(entry: Entry): Promise<Doubt | undefined> {
    const problem = await this.problemOf(entry, true).catch((error: unknown) => ({
      kind: 'unreadable' as const,
      where: nameOf(entry.key),
      says: error instanceof Error ? error.message : String(error),
    }))
    return problem && { entry, problem }
  }

  /** The house may have changed the row since, or what it names. */
  async standsAgain({ entry, problem }: Doubt): Promise<boolean> {
    const now = await this.metadata.get(entry.key)
    if (now === undefined) return false
    if (problem.kind === 'unreadable') return now.revision === entry.revision
    return (await this.problemOf(now, false)) !== undefined
  }

  private async problemOf(entry: Entry, counted: boolean): Promise<DataProblem | undefined> {
    const [org = '', kind = '', ...rest] = entry.key.partition.split('\0')
    const [first = '', second = ''] = entry.key.path
    if (org === '.') return undefined
    if (kind === 'b' && first === 'blob') return this.blobProblem(org, rest[0] ?? '', row<BlobRow>(entry.value), counted)
    if (kind === 'b' && first === 'ref') return this.referenceProblem(org, rest[0] ?? '', entry.key)
    if (kind === 'v' && first === 's') return this.versionProblem(org, rest, row<VersionRow>(entry.value), entry.key)
    if (kind === 'f' && first === 'a') return this.artifactProblem(org, rest, second, row<ArtifactRow>(entry.value))
    return undefined
  }

  private async blobProblem(org: string, id: string, blob: BlobRow, counted: boolean): Promise<DataProblem | undefined> {
    if (counted) {
      this.count.blobs++
      this.count.bytes += blob.stored
    }
    if (blob.state === 'deleting') return undefined
    const key: BlobKey = blobKey(org, blob.object ?? id)
    const found = await this.blobs.stat(key)
    if (found === undefined) return { kind: 'no-object', where: key, says: 'The blob has a row, and no bytes in the store' }
    if (found.size !== blob.stored)
      return { kind: 'wrong-size', where: key, says: `${found.size} bytes lie there, ${blob.stored} were stored` }
    if (blob.damaged !== undefined) return { kind: 'damaged', where: key, says: 'A read found its bytes to be wrong' }
    return undefined
  }

  private async referenceProblem(org: string, id: string, key: Key): Promise<DataProblem | undefined> {
    const entry = await this.metadata.get(tenantKeys.blob(org, id))
    if (entry === undefined) return { kind: 'no-blob', where: nameOf(key), says: 'A reference names a blob that has no row' }
    if (row<BlobRow>(entry.value).state === 'deleting')
      return { kind: 'no-blob', where: nameOf(key), says: 'A reference names a blob that is being deleted' }
    return undefined
  }

  private async versionProblem(
    org: string,
    rest: readonly string[],
    version: VersionRow,
    key: Key,
  ): Promise<DataProblem | undefined> {
    const [repo = '', path = ''] = rest
    // A tombstone names what the version before it refers to.
    if (version.tombstone !== undefined) return undefined
    if ((await this.metadata.get(tenantKeys.reference(org, version.blob, nameId(repo, path, version.seq)))) !== undefined)
      return undefined
    return { kind: 'no-reference', where: nameOf(key), says: 'A version names a blob that does not know of it' }
  }

  private async artifactProblem(
    org: string,
    [repo = '', folder = '']: readonly string[],
    name: string,
    artifact: ArtifactRow,
  ): Promise<DataProblem | undefined> {
    if (artifact.state !== 'present' || artifact.seq === 0) return undefined
    const path = folder === '' ? name : `${folder}/${name}`
    if ((await this.metadata.get(tenantKeys.version(org, repo, path, artifact.seq))) !== undefined) return undefined
    return { kind: 'no-version', where: `${org}/${repo}/${path}`, says: 'A file names a version that has no row' }
  }
}

/** Ids and segments as a person can paste them into a question. */
function nameOf({ partition, path }: Key): string {
  return [...partition.split('\0'), ...path].join('/')
}
