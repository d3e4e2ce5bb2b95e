import type { Lease } from '../housekeeping/leases.js'
import { randomHex } from '../runtime/identifiers.js'
import type { MetadataStore, Mutation } from '../storage/metadata-store.js'
import { isLostRace, seen } from '../storage/optimistic.js'
import { asJson } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { type UsageChange, usageAfter } from './usage-log.js'
import { liveRepositories } from './usage-reader.js'
import { type AllowanceRow, type Amount, cursorAt, plus, type RepositoryUsageRow, type UsageRow } from './usage-rows.js'

/** A log row's id is made before its commit, by the clock of its node: what is younger than this may still have company on its way. A minute for the
 *  commit, and one for the clock; the doctor names one that is further off. */
export const settled = 120_000
/** An allowance that nobody renewed is given back so long after its end: clocks differ. */
const skew = 300_000
/** Repositories and allowances in one commit. */
const rowsAtOnce = 40

/** Turns what commits logged into counts, each log row once: the counts and the cursor move in one commit. */
export class UsageFold {
  constructor(
    private readonly store: MetadataStore,
    private readonly lease: Pick<Lease, 'check' | 'guard'>,
    /** Where the clock was moved no allowance is known to be over. */
    private readonly expires = true,
  ) {}

  /** Log rows folded, and bytes of allowances given back; undefined for an organization that has not been counted yet. */
  async fold(org: string, now: number): Promise<{ readonly rows: number; readonly returned: number } | undefined> {
    let rows = 0
    for (;;) {
      const entry = await this.store.get(tenantKeys.usage(org))
      if (!entry) return undefined
      const { cursor } = entry.value as UsageRow
      const { changes, through, more } = await usageAfter(this.store, org, cursor, cursorAt(now - settled))
      let from = 0
      while (from < changes.length) {
        const some = firstFew(changes, from)
        from += some.length
        await this.apply(org, some, from === changes.length ? through : (some.at(-1)?.id ?? through))
      }
      if (changes.length === 0 && through !== cursor) await this.apply(org, [], through)
      rows += changes.length
      if (!more) break
    }
    return { rows, returned: await this.giveBack(org, now) }
  }

  private async apply(org: string, changes: readonly UsageChange[], cursor: string): Promise<void> {
    const live = await liveRepositories(this.store, org)
    const amounts = new Map<string, Amount>()
    const spent = new Map<string, number>()
    for (const { repository, allowance, bytes, files, versions } of changes) {
      if (live.has(repository)) amounts.set(repository, plus(amounts.get(repository), { bytes, files, versions }))
      if (allowance !== undefined) spent.set(allowance, (spent.get(allowance) ?? 0) + bytes)
    }
    await this.change(org, async (mutations) => {
      let bytes = 0
      let reserved = 0
      for (const [repository, amount] of amounts) {
        const entry = await this.store.get(tenantKeys.repositoryUsage(org, repository))
        const row: RepositoryUsageRow = { v: 1, ...plus(entry?.value as RepositoryUsageRow | undefined, amount) }
        mutations.push({
          op: 'put',
          key: tenantKeys.repositoryUsage(org, repository),
          value: asJson(row),
          if: seen(entry),
        })
        bytes += amount.bytes
      }
      for (const [allowance, amount] of spent) {
        const entry = await this.store.get(tenantKeys.allowance(org, allowance))
        if (!entry) continue
        const before = entry.value as AllowanceRow
        const row: AllowanceRow = { ...before, counted: before.counted + amount }
        mutations.push({ op: 'put', key: entry.key, value: asJson(row), if: seen(entry) })
        reserved -= amount
      }
      return { cursor, bytes, reserved }
    })
  }

  /** Of processes that are gone; and what belonged to repositories that are. */
  private async giveBack(org: string, now: number): Promise<number> {
    let returned = 0
    for await (const entry of this.store.range(tenantKeys.usageRows(org), { prefix: ['allowance'] })) {
      if (!this.expires || (entry.value as AllowanceRow).expires + skew >= now - settled) continue
      await this.change(org, async (mutations) => {
        const current = await this.store.get(entry.key)
        if (!current) return {}
        const { granted, counted, expires } = current.value as AllowanceRow
        if (expires + skew >= now - settled) return {}
        mutations.push({ op: 'delete', key: entry.key, if: seen(current) })
        returned += granted - counted
        return { reserved: counted - granted }
      })
    }
    const live = await liveRepositories(this.store, org)
    for await (const { key } of this.store.range(tenantKeys.usageRows(org), { prefix: ['repository'] })) {
      if (live.has(key.path[1] ?? '')) continue
      await this.change(org, async (mutations) => {
        const current = await this.store.get(key)
        if (!current) return {}
        mutations.push({ op: 'delete', key, if: seen(current) })
        return { bytes: -(current.value as RepositoryUsageRow).bytes }
      })
    }
    return returned
  }

  /** One commit under the organization's own usage row; put together anew where a process drew in the same moment. */
  private async change(
    org: string,
    prepare: (mutations: Mutation[]) => Promise<{ cursor?: string; bytes?: number; reserved?: number }>,
  ): Promise<void> {
    const key = tenantKeys.usage(org)
    for (let attempt = 1; ; attempt++) {
      this.lease.check()
      const entry = await this.store.get(key)
      if (!entry) return
      const before = entry.value as UsageRow
      const mutations: Mutation[] = [this.lease.guard()]
      const { cursor = before.cursor, bytes = 0, reserved = 0 } = await prepare(mutations)
      if (mutations.length === 1 && cursor === before.cursor) return
      const row: UsageRow = { ...before, cursor, bytes: before.bytes + bytes, reserved: before.reserved + reserved }
      mutations.push({ op: 'put', key, value: asJson(row), if: seen(entry) })
      try {
        await this.store.commit(mutations, randomHex())
        return
      } catch (thrown) {
        if (!isLostRace(thrown) || attempt === 100) throw thrown
      }
    }
  }
}

function firstFew(changes: readonly UsageChange[], from: number): readonly UsageChange[] {
  const touched = new Set<string>()
  let end = from
  for (; end < changes.length; end++) {
    const { repository, allowance } = changes[end] as UsageChange
    touched.add(repository)
    if (allowance !== undefined) touched.add(allowance)
    if (touched.size > rowsAtOnce) break
  }
  return changes.slice(from, end)
}
