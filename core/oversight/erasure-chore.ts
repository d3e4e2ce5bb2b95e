import type { AuditChain } from '../audit/audit-chain.js'
import { ChainReader } from '../audit/chain-reader.js'
import type { LogValue } from '../audit/chain-record.js'
import { readChainRow } from '../audit/chain-rows.js'
import type { Directory } from '../directory/directory.js'
import { readLeaver } from '../directory/leaver-rows.js'
import { secretKeys } from '../directory/leaving.js'
import { loginKey } from '../directory/member-rows.js'
import type { TenantDirectory } from '../directory/tenant-directory.js'
import { asRegistryError } from '../errors/registry-error.js'
import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Suspension } from '../housekeeping/clock-watch.js'
import { readMail } from '../mail/mail-rows.js'
import type { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import type { Json, JsonObject } from '../runtime/json.js'
import { inTurns } from '../runtime/turns.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { asJson } from '../storage/storage-rows.js'
import { shards, tenantKeys } from '../storage/tenant-keys.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import type { Tenancy } from '../tenancy/tenancy.js'
import { type ErasedPerson, type Erasure, erasureValue, readErasure, shownAs } from './erasure-rows.js'

export interface ErasureParts {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly tenancy: Tenancy
  readonly directories: TenantDirectory
  readonly chain: AuditChain
  readonly suspension: Suspension
  /** In what plugins keep. How many packages were changed. */
  forget(org: string, person: ErasedPerson): Promise<number>
}

const hour = 3_600_000
const together = 80

/** Erases persons whose time has come. What is left of them is an id that names nobody, and a number. */
export class ErasureChore implements Chore {
  readonly name = 'erasures'
  readonly interval = hour

  constructor(private readonly parts: ErasureParts) {}

  async run({ lease, signal }: ChoreWork): Promise<JsonObject | undefined> {
    const { store, clock, suspension } = this.parts
    if ((await suspension()) !== undefined) return undefined
    const done = { erased: 0, blocked: 0 }
    for await (const { value } of store.range(tenantKeys.organizations(), {})) {
      const { organization: org } = value as { readonly organization: string }
      for await (const entry of store.range(tenantKeys.erasures(org), { prefix: ['erasure'] })) {
        if (signal.aborted) return done
        lease.check()
        const erasure = readErasure(entry)
        if (erasure.state !== 'waiting' || erasure.notBefore > clock.now()) continue
        const hold = await store.get(tenantKeys.legalHold(org))
        const blocked = hold ? 'A legal hold forbids it' : await this.erase(org, entry)
        if (blocked === undefined) done.erased += 1
        else {
          done.blocked += 1
          if (erasure.blocked !== blocked) await this.say(entry, { ...erasure, blocked })
        }
      }
    }
    return done.erased + done.blocked > 0 ? done : undefined
  }

  /** May be cut anywhere and begun anew. Why it could not be done, where it could not. */
  private async erase(org: string, entry: Entry): Promise<string | undefined> {
    const { store, clock, tenancy, directories, chain, forget } = this.parts
    const { member, id, ...erasure } = readErasure(entry)
    const tenant = await tenancy.openById(org)
    const principal = { kind: 'plugin', name: 'erasures' } as const
    const directory = directories.for({ tenant, principal, requestId: id, require: () => {}, permits: () => true })
    const found = await directory.findMember(member)
    // Somebody made an owner since it was asked for.
    if (found?.role === 'owner' && !(await mayErase(directory, erasure.by, member)))
      return 'An owner is erased at the wish of an owner, of the operator, or their own'
    // Before the member is gone: a letter that was asked for by name can be told as theirs only now.
    const mails = await this.forgetMails(org, member, [found?.name, found?.email])
    const number = await this.number(org, member)
    let packages: number
    try {
      packages = await forget(org, { id: member, names: found === undefined ? [] : [found.name], shownAs: shownAs(number) })
      if (found !== undefined) await directory.deleteMember(member)
    } catch (thrown) {
      const failure = asRegistryError(thrown)
      // Of the last owner; or where nothing may be written for now.
      if (failure.kind !== 'conflict' && failure.kind !== 'unavailable') throw thrown
      return failure.message
    }
    await this.forgetRows(org, member)
    await chain.append(org, { settle: 0, whole: true })
    const origins = await this.forgetOrigins(org, member)
    const sources = await this.forgetSources(org, member)
    const ended = await this.ended(org, member)
    const { blocked: _, ...rest } = erasure
    const now = clock.now()
    const counts = { ...ended, addresses: origins, logRows: sources, mails, packages }
    const certificate: Erasure = { ...rest, id, member, number, state: 'done', endedAt: now, counts }
    const entryOfLog = {
      at: now,
      actor: { kind: 'house', id: 'erasures' },
      action: 'member.erase',
      target: { kind: 'member', id: member },
      request: id,
    }
    await untilSettled(() =>
      new OrganizationChange(store, org, entryOfLog)
        .effects(counts)
        .put(entry.key, erasureValue(certificate), { revision: entry.revision })
        .commit(),
    )
    return undefined
  }

  /** Given once, and the same whenever it is begun anew. */
  private async number(org: string, member: string): Promise<number> {
    const { store } = this.parts
    for (;;) {
      const before = await store.get(tenantKeys.erasedMember(org, member))
      if (before) return numberIn(before)
      const last = await store.get(tenantKeys.lastErased(org))
      const value = { v: 1, number: numberIn(last) + 1 }
      await commitUnlessMoved(store, [
        { op: 'put', key: tenantKeys.erasedMember(org, member), value, if: 'absent' },
        { op: 'put', key: tenantKeys.lastErased(org), value, if: seen(last) },
      ])
    }
  }

  /** Whence its requests came; the hash in the row stays, so that the chain does. */
  private async forgetOrigins(org: string, member: string): Promise<number> {
    const { store } = this.parts
    let count = 0
    for (const { name } of await new ChainReader(store, org).months()) {
      count += await this.rewrite(store.range(tenantKeys.chain(org, name), {}), (entry) => {
        const { record, origin, ...place } = readChainRow(entry)
        return origin !== undefined && concerns(record, member) ? asJson({ v: 1, record, ...place }) : undefined
      })
    }
    return count
  }

  /** The same in log rows that were chained and wait for their end. */
  private async forgetSources(org: string, member: string): Promise<number> {
    let count = 0
    for (let shard = 0; shard < shards; shard++) {
      count += await this.rewrite(this.parts.store.range(tenantKeys.log(org, shard), {}), ({ value }) => {
        const { source, ...rest } = value as unknown as LogValue
        return source !== undefined && concerns(rest, member) ? asJson(rest) : undefined
      })
    }
    return count
  }

  /** What a deletion that was cut off has left. */
  private async forgetRows(org: string, member: string): Promise<void> {
    const { store } = this.parts
    const keys = new Map((await secretKeys({ store, org }, member)).map((key) => [JSON.stringify(key), key]))
    for await (const { key } of store.range(tenantKeys.memberRows(org, member), {})) keys.set(JSON.stringify(key), key)
    const doomed = [...keys.values()].map((key): Mutation => ({ op: 'delete', key }))
    for (let from = 0; from < doomed.length; from += together)
      await store.commit(doomed.slice(from, from + together), randomHex())
  }

  private async forgetMails(org: string, member: string, logins: readonly (string | undefined)[]): Promise<number> {
    const { store } = this.parts
    const keys = new Set(logins.flatMap((login) => (login === undefined ? [] : [loginKey(login)])))
    let count = 0
    for (let shard = 0; shard < shards; shard++) {
      for await (const entry of inTurns(store.range(tenantKeys.mailShard(shard), {}))) {
        const { org: of, subject } = readMail(entry)
        const own =
          ('member' in subject && subject.member === member) || ('login' in subject && keys.has(loginKey(subject.login)))
        if (of !== org || !own) continue
        if (await commitUnlessMoved(store, [{ op: 'delete', key: entry.key, if: { revision: entry.revision } }])) count += 1
      }
    }
    return count
  }

  /** What had ended with it when it left, each time. */
  private async ended(org: string, member: string): Promise<Readonly<Record<string, number>>> {
    const sums: Record<string, number> = { tokens: 0, sessions: 0, resets: 0, uploads: 0, groups: 0, grants: 0 }
    for await (const entry of inTurns(this.parts.store.range(tenantKeys.leavers(org), {}))) {
      const leaver = readLeaver(entry)
      if (leaver.member !== member) continue
      for (const [name, count] of Object.entries(leaver.counts)) sums[name] = Math.max(sums[name] ?? 0, count)
    }
    return sums
  }

  private async rewrite(rows: AsyncIterable<Entry>, next: (entry: Entry) => Json | undefined): Promise<number> {
    const { store } = this.parts
    let waiting: Mutation[] = []
    let count = 0
    const flush = async () => {
      if (waiting.length > 0 && !(await commitUnlessMoved(store, waiting))) throw new Error('Rows moved under an erasure')
      count += waiting.length
      waiting = []
    }
    for await (const entry of inTurns(rows)) {
      const value = next(entry)
      if (value === undefined) continue
      waiting.push({ op: 'put', key: entry.key, value, if: { revision: entry.revision } })
      if (waiting.length === together) await flush()
    }
    await flush()
    return count
  }

  private async say(entry: Entry, erasure: Erasure): Promise<void> {
    const put: Mutation = { op: 'put', key: entry.key, value: erasureValue(erasure), if: { revision: entry.revision } }
    await commitUnlessMoved(this.parts.store, [put])
  }
}

async function mayErase(directory: Directory, by: Erasure['by'], member: string): Promise<boolean> {
  if (by.kind !== 'member' || by.id === member) return by.kind === 'operator' || by.id === member
  const who = await directory.findMember(by.id)
  return who?.role === 'owner' && who.status === 'active'
}

function numberIn(entry: Entry | undefined): number {
  return (entry?.value as { readonly number?: number } | undefined)?.number ?? 0
}

/** What it did itself, and what somebody unknown did to sign in as it: most often itself too. */
function concerns({ actor, target }: Pick<LogValue, 'actor' | 'target'>, member: string): boolean {
  return actor.id === member || (actor.kind === 'anonymous' && target?.id === member)
}
