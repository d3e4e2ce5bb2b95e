import { BoundedMap } from '../runtime/bounded-map.js'
import type { MetadataStore, Mutation } from '../storage/metadata-store.js'
import { type FolderRow, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { IndexedPlace } from './name-repair.js'

/** Folders whose rows were seen to be right, lately. */
const remembered = 1_000

export interface FolderFinding {
  readonly foldersAdded: number
  readonly marksCleared: number
  readonly mutations: readonly Mutation[]
}

/** Rows of the folders above a file: a missing one is added, the mark of an empty one taken away. Rows of folders in which no file lies are the
 *  sweeper's business. */
export class FolderRepair {
  private right = new BoundedMap<string, true>(remembered)

  constructor(
    private readonly metadata: MetadataStore,
    private readonly place: Pick<IndexedPlace, 'organizationId' | 'repositoryId'>,
  ) {}

  /** `folder`: that in which the file lies. */
  async look(folder: string): Promise<FolderFinding> {
    const { organizationId: org, repositoryId: repo } = this.place
    const mutations: Mutation[] = []
    let [foldersAdded, marksCleared] = [0, 0]
    const segments = folder === '' ? [] : folder.split('/')
    for (let depth = segments.length; depth > 0; depth--) {
      const path = segments.slice(0, depth).join('/')
      if (this.right.get(path)) break
      const key = tenantKeys.childFolder(org, repo, segments.slice(0, depth - 1).join('/'), segments[depth - 1] ?? '')
      const entry = await this.metadata.get(key)
      if (entry === undefined) {
        foldersAdded += 1
        mutations.push({ op: 'put', key, value: { v: 1 }, if: 'absent' })
      } else if (row<FolderRow>(entry.value).empty !== undefined) {
        marksCleared += 1
        mutations.push({ op: 'put', key, value: { v: 1 }, if: { revision: entry.revision } })
      }
    }
    return { foldersAdded, marksCleared, mutations }
  }

  /** Whose rows, and those of all folders above it, are right now. */
  remember(folder: string): void {
    const segments = folder.split('/')
    for (let depth = segments.length; depth > 0; depth--) this.right.set(segments.slice(0, depth).join('/'), true)
  }

  /** What was remembered was not to be. */
  forget(): void {
    this.right = new BoundedMap(remembered)
  }
}
