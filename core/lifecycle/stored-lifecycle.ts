import type { Permission } from '../auth/permission.js'
import { principalId } from '../auth/principal.js'
import { conflict, invalid, RegistryError } from '../errors/registry-error.js'
import type { PackageKeeping, PackageVersion, YankMark } from '../plugin/package-keeping.js'
import type { Clock } from '../runtime/clock.js'
import type { RepositoryChangeSet } from '../storage/change-set.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { compareNames } from '../storage/name-order.js'
import { asJson } from '../storage/storage-rows.js'
import type { RepositoryContext } from '../tenancy/repository-context.js'
import { Cleanup, type LastDownloads } from './cleanup.js'
import { type CleanupItem, type CleanupRow, type CleanupRules, isIdle } from './cleanup-rules.js'
import type { CleanupState, Deletion, Lifecycle, PackageState, Promoted, PromoteOptions } from './lifecycle.js'
import type { Reindexing, ReindexState } from './reindexing.js'
import { repeated } from './repeated-change.js'
import type { RepositoryAccess } from './repository-access.js'
import { Undo } from './undo.js'

const trial = 86_400_000

type Making = (
  keeping: PackageKeeping,
  pkg: string,
  context: RepositoryContext,
  change: RepositoryChangeSet,
) => Promise<void> | undefined

/** Versions after their publication, for one caller: what a format says of them, committed by the house. */
export class StoredLifecycle implements Lifecycle {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly clock: Clock,
    private readonly access: RepositoryAccess,
    private readonly downloads: LastDownloads,
    private readonly reindexing: Reindexing,
  ) {}

  async promote(repository: string, name: string, version: string, options: PromoteOptions): Promise<Promoted> {
    const { to, tags, move = false, reason } = options
    const source = this.access.open(repository, move ? 'artifacts.delete' : 'artifacts.read')
    const target = this.access.open(to, 'artifacts.write')
    const [{ format, id }, there] = [source.context.repository, target.context.repository]
    if (id === there.id) throw conflict('A version is promoted to another repository than its own')
    if (format !== there.format) throw conflict(`${repository} holds ${format}, and ${to} ${there.format}`)
    const { keeping } = source
    const pkg = keeping.keyOf?.(name) ?? name
    const files = await repeated(async () => {
      const change = target.context.change()
      await keeping.copy(pkg, version, source.context, target.context, change, tags === undefined ? {} : { tags })
      const { artifacts } = await change.commit().catch(worded)
      return [...artifacts.values()].filter((outcome) => outcome !== 'same').length
    })
    if (move) await this.removeVersion(repository, name, version, reason ?? `promoted to ${to}`)
    return { repository: to, package: pkg, version, files }
  }

  async removeVersion(repository: string, name: string, version: string, reason?: string): Promise<void> {
    const { context, keeping } = this.access.open(repository, 'artifacts.delete')
    const pkg = keeping.keyOf?.(name) ?? name
    await repeated(async () => {
      const change = context.change()
      change.deletion({ package: pkg, version, ...(reason === undefined ? {} : { reason }) })
      await keeping.remove(pkg, version, context, change)
      await change.commit()
    })
  }

  async removePackage(repository: string, name: string, reason?: string): Promise<void> {
    const { context, keeping } = this.access.open(repository, 'artifacts.delete')
    const pkg = keeping.keyOf?.(name) ?? name
    const note = { package: pkg, ...(reason === undefined ? {} : { reason }) }
    let steps = 0
    for await (const step of keeping.removeAll(pkg, context)) {
      await repeated(async () => {
        // The first is what an undo is asked for: it brings the others back with it.
        const change = context.change().deletion(steps === 0 ? note : { ...note, partial: true })
        await step(change)
        await change.commit()
      })
      steps += 1
    }
  }

  async inspect(repository: string, name: string): Promise<PackageState | undefined> {
    const opened = this.access.look(repository, ({ keyOf }) => keyOf?.(name) ?? name)
    if (opened === undefined) return undefined
    const { context, keeping } = opened
    const pkg = keeping.keyOf?.(name) ?? name
    const versions: PackageVersion[] = []
    for await (const version of keeping.versions(pkg, context)) versions.push(version)
    const status = keeping.status ? await keeping.status(pkg, context) : undefined
    if (status === undefined && versions.length === 0) return undefined
    versions.sort((a, b) => b.publishedAt.getTime() - a.publishedAt.getTime() || compareNames(b.version, a.version))
    return { repository: context.repository, name: pkg, versions, ...(status ?? { status: 'active' }) }
  }

  yank(repository: string, name: string, version: string, mark: YankMark): Promise<void> {
    const without = 'has versions that cannot be yanked'
    return this.changing(repository, name, 'artifacts.write', without, (keeping, pkg, context, change) =>
      keeping.yank?.(pkg, version, mark, context, change),
    )
  }

  setStatus(repository: string, name: string, status: string, reason?: string): Promise<void> {
    return this.changing(repository, name, 'artifacts.delete', 'has no status', (keeping, pkg, context, change) =>
      keeping.setStatus?.(pkg, status, reason, context, change),
    )
  }

  /** One commit of what the format makes of it; `conflict` where it makes nothing of it, in the words of `without`. */
  private async changing(repository: string, name: string, permission: Permission, without: string, make: Making): Promise<void> {
    const { context, keeping } = this.access.open(repository, permission)
    const pkg = keeping.keyOf?.(name) ?? name
    await repeated(async () => {
      const change = context.change()
      const making = make(keeping, pkg, context, change)
      if (making === undefined) throw conflict(`A package of ${context.repository.format} ${without}`)
      await making
      await change.commit()
    })
  }

  async *listDeletions(repository: string, { after }: { readonly after?: string } = {}): AsyncIterable<Deletion> {
    yield* this.undoOf(repository).list(after)
  }

  undo(repository: string, id: string): Promise<Deletion> {
    return this.undoOf(repository).undo(id)
  }

  async cleanupRules(repository: string): Promise<CleanupState | undefined> {
    const row = await this.cleanupOf(repository).rules()
    return row && stateOf(row)
  }

  async setCleanupRules(repository: string, rules: CleanupRules, activate: boolean): Promise<CleanupState> {
    const { context } = this.access.open(repository, 'repository.administer')
    if (isIdle(rules)) throw invalid('These rules would take nothing ever: give an age, a number or a time without downloads')
    const at = this.clock.now().getTime()
    const by = principalId(context.principal)
    const row: CleanupRow = { v: 1, rules, changedAt: at, activeFrom: activate ? at : at + trial, by }
    await this.access.write(context.repository.id, 'cleanup.set', (key) => ({ op: 'put', key, value: asJson(row) }))
    return stateOf(row)
  }

  async removeCleanupRules(repository: string): Promise<void> {
    const { context } = this.access.open(repository, 'repository.administer')
    await this.access.write(context.repository.id, 'cleanup.remove', (key) => ({ op: 'delete', key }))
  }

  async *previewCleanup(repository: string, rules?: CleanupRules, after?: string): AsyncIterable<CleanupItem> {
    const cleanup = this.cleanupOf(repository)
    const row = await cleanup.rules()
    const wanted = rules ?? row?.rules
    if (!wanted) return
    const now = this.clock.now()
    for await (const item of cleanup.plan(wanted, rules ? 0 : (row?.activeFrom ?? 0), after)) if (item.since <= now) yield item
  }

  reindex(repository: string, options?: { readonly dryRun?: boolean }): Promise<ReindexState> {
    return this.reindexing.reindex(repository, options)
  }

  findReindex(repository: string): Promise<ReindexState | undefined> {
    return this.reindexing.findReindex(repository)
  }

  private cleanupOf(repository: string): Cleanup {
    return new Cleanup(this.metadata, this.access.open(repository, 'repository.administer'), this.downloads)
  }

  private undoOf(repository: string): Undo {
    return new Undo(this.metadata, this.access.open(repository, 'artifacts.delete'), this.clock.now())
  }
}

function stateOf({ rules, changedAt, activeFrom }: CleanupRow): CleanupState {
  return { rules, changedAt: new Date(changedAt), activeFrom: new Date(activeFrom) }
}

/** A document that must not be there yet came in between: look again. */
function worded(thrown: unknown): never {
  if (thrown instanceof RegistryError && thrown.kind === 'conflict' && thrown.detail['document'] !== undefined)
    throw new RegistryError('stale', thrown.message, { cause: thrown })
  throw thrown
}
