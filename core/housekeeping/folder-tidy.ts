import type { Limits } from '../runtime/limits.js'
import { holdsFile } from '../storage/folder-contents.js'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { type ArtifactRow, asJson, type FolderRow, row } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { SweepRun } from './sweep-run.js'

/** No commit that has seen a row stays under way for longer. */
const longestCommit = 600_000

/** Rows of folders in which no file lies any more. One is marked first: whoever puts a file there from then on writes the row anew. Taken away, deepest
 *  first, when every commit that may have seen it unmarked is long over. */
export class FolderTidy {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly limits: Limits,
  ) {}

  async visit(entry: Entry, run: SweepRun): Promise<void> {
    const [org = '', , repo = '', parent = ''] = entry.key.partition.split('\0')
    const name = entry.key.path[1] ?? ''
    const folder = parent === '' ? name : `${parent}/${name}`
    const { empty } = row<FolderRow>(entry.value)
    const revision = { revision: entry.revision }
    const what = { organization: org, repository: repo, folder }
    if (empty === undefined) {
      if ((await holdsFile(this.metadata, { organizationId: org, repositoryId: repo, folder })) !== false) return
      const marked: FolderRow = { v: 1, empty: run.now }
      if (!run.dryRun && !(await run.commit([{ op: 'put', key: entry.key, value: asJson(marked), if: revision }]))) return
      run.done('mark-folder', what, 'No file lies in it')
      return
    }
    if (!run.isPast(empty, Math.max(longestCommit, this.limits.sweepGraceHours * 3_600_000))) return
    const contents = await this.contents(org, repo, folder)
    if (contents === 'folders') return
    if (contents === 'file') {
      if (!run.dryRun) await run.commit([{ op: 'put', key: entry.key, value: { v: 1 }, if: revision }])
      return
    }
    if (!run.dryRun && !(await run.commit([{ op: 'delete', key: entry.key, if: revision }]))) return
    run.done('drop-folder', what, 'No file lies in it')
    if (!run.dryRun && parent !== '') await this.visitParent(org, repo, parent, run)
  }

  private async visitParent(org: string, repo: string, folder: string, run: SweepRun): Promise<void> {
    const cut = folder.lastIndexOf('/')
    const key = tenantKeys.childFolder(org, repo, cut < 0 ? '' : folder.slice(0, cut), folder.slice(cut + 1))
    const entry = await this.metadata.get(key)
    if (entry && row<FolderRow>(entry.value).empty !== undefined) await this.visit(entry, run)
  }

  private async contents(org: string, repo: string, folder: string): Promise<'file' | 'folders' | 'nothing'> {
    const partition = tenantKeys.folder(org, repo, folder)
    for await (const { value } of this.metadata.range(partition, { prefix: ['a'] })) {
      const { state, pending } = row<ArtifactRow>(value)
      if (state === 'present' || pending !== undefined) return 'file'
    }
    for await (const _ of this.metadata.range(partition, { prefix: ['d'], limit: 1 })) return 'folders'
    return 'nothing'
  }
}
