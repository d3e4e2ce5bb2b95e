import { inject, injectable } from 'tsyringe'
import { AuditChain } from '../audit/audit-chain.js'
import { AuditNotes } from '../audit/audit-notes.js'
import { principalId } from '../auth/principal.js'
import type { Directory, Member } from '../directory/directory.js'
import { TenantDirectory } from '../directory/tenant-directory.js'
import { conflict, invalid, notFound, throttled } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { timeOrderedId } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import { inTurns } from '../runtime/turns.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { actorOf, callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { type Erasure, erasureValue, holdValue, type LegalHold, readErasure, readHold, shownAs } from './erasure-rows.js'
import { personalData } from './personal-data.js'
import type { Privacy } from './privacy.js'

const hour = 3_600_000
const day = 24 * hour
const coolingOff = 72 * hour
const promised = 30 * day
const memberId = /^[ms]_[a-z0-9]{20}$/
const erasureId = /^[0-9a-f]{28}$/

/** Opens what concerns the data of persons for one caller. */
@injectable()
export class StoredPrivacy {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(TenantDirectory) private readonly directories: TenantDirectory,
    @inject(AuditChain) private readonly chain: AuditChain,
    @inject(AuditNotes) private readonly notes: AuditNotes,
  ) {}

  for(scope: CallerScope): Privacy {
    const directory = this.directories.for({ ...scope, require: () => {}, permits: () => true })
    return new CallerPrivacy(this.store, this.clock, this.chain, this.notes, scope, directory)
  }
}

class CallerPrivacy implements Privacy {
  private readonly org: string

  constructor(
    private readonly store: MetadataStore,
    private readonly clock: Clock,
    private readonly chain: AuditChain,
    private readonly notes: AuditNotes,
    private readonly scope: CallerScope,
    private readonly directory: Directory,
  ) {
    this.org = scope.tenant.organization.id
  }

  async exportMember(id: string): Promise<AsyncIterable<JsonObject>> {
    const member = await this.directory.findMember(id)
    this.scope.require('members.manage')
    if (member === undefined) throw notFound('member', id.slice(0, 80))
    if (member.role === 'owner') this.scope.require('organization.manage')
    return this.told(member)
  }

  async exportOwn(): Promise<AsyncIterable<JsonObject>> {
    const id = this.own()
    const member = await this.directory.findMember(id)
    if (member === undefined) throw notFound('member', id)
    const now = this.clock.now().getTime()
    const key = tenantKeys.memberExport(this.org, id)
    const entry = await this.store.get(key)
    const last = (entry?.value as { readonly at?: number } | undefined)?.at
    if (last !== undefined && now - last < day)
      throw throttled('Your data was exported within the last day', Math.ceil((last + day - now) / 1_000))
    if (!(await commitUnlessMoved(this.store, [{ op: 'put', key, value: { v: 1, at: now }, if: seen(entry) }])))
      throw throttled('Your data is being exported at this moment', 60)
    return this.told(member)
  }

  private async told(member: Member): Promise<AsyncIterable<JsonObject>> {
    const { id } = member
    const { at: _, ...note } = callerEntry(this.scope, this.clock.now(), 'member.export', { kind: 'member', id })
    await this.notes.write(this.org, note)
    await this.chain.append(this.org, { settle: 0 })
    return inTurns(personalData(this.store, this.scope.tenant, this.directory, member))
  }

  async requestErasure(id: string, reason?: string): Promise<Erasure> {
    this.scope.require('members.manage')
    const member = memberId.test(id) ? await this.directory.findMember(id) : undefined
    if (member?.role === 'owner') this.scope.require('organization.manage')
    if (member === undefined && !(await this.hasLeft(id))) throw notFound('member', id.slice(0, 80))
    return this.request(id, reason)
  }

  requestOwnErasure(): Promise<Erasure> {
    return this.request(this.own())
  }

  async ownErasure(): Promise<Erasure> {
    const id = this.own()
    for await (const one of this.all()) if (one.member === id && one.state === 'waiting') return one
    throw notFound('erasure', id)
  }

  async cancelOwnErasure(): Promise<Erasure> {
    return this.cancel((await this.ownErasure()).id)
  }

  private async request(id: string, reason?: string): Promise<Erasure> {
    for await (const other of this.all())
      if (other.member === id && other.state !== 'cancelled')
        throw conflict(other.state === 'done' ? 'This member is erased already' : 'The erasure of this member waits already')
    const now = this.clock.now()
    const erasure: Erasure = {
      id: timeOrderedId(now),
      member: id,
      requestedAt: now,
      by: actorOf(this.scope.principal),
      ...(reason === undefined ? {} : { reason: checkedReason(reason) }),
      notBefore: new Date(now.getTime() + coolingOff),
      dueAt: new Date(now.getTime() + promised),
      state: 'waiting',
    }
    await untilSettled(() =>
      this.change('member.erasure-request', { kind: 'member', id })
        .put(tenantKeys.erasure(this.org, erasure.id), erasureValue(erasure), 'absent')
        .commit(),
    )
    return erasure
  }

  async cancelErasure(id: string): Promise<Erasure> {
    this.scope.require('members.manage')
    return this.cancel(id)
  }

  private cancel(id: string): Promise<Erasure> {
    return untilSettled(async () => {
      const { erasure, revision } = await this.read(id)
      if (erasure.state !== 'waiting') throw conflict(`This erasure is ${erasure.state} already`)
      const { blocked: _, ...rest } = erasure
      const cancelled: Erasure = { ...rest, state: 'cancelled', endedAt: this.clock.now() }
      await this.change('member.erasure-cancel', { kind: 'member', id: erasure.member })
        .put(tenantKeys.erasure(this.org, id), erasureValue(cancelled), { revision })
        .commit()
      return cancelled
    })
  }

  async *listErasures(query?: { readonly after?: string }): AsyncIterable<Erasure> {
    this.requireRead()
    yield* this.all(query)
  }

  private async *all({ after }: { readonly after?: string } = {}): AsyncIterable<Erasure> {
    const query = { prefix: ['erasure'], descending: true, ...(after === undefined ? {} : { after: ['erasure', after] }) }
    for await (const entry of this.store.range(tenantKeys.erasures(this.org), query)) yield readErasure(entry)
  }

  async getErasure(id: string): Promise<Erasure> {
    this.requireRead()
    return (await this.read(id)).erasure
  }

  async setHold(reason: string): Promise<LegalHold> {
    this.scope.require('organization.manage')
    const hold: LegalHold = { reason: checkedReason(reason), since: this.clock.now(), by: actorOf(this.scope.principal) }
    await untilSettled(() =>
      this.change('organization.hold', { kind: 'organization', id: this.org })
        .put(tenantKeys.legalHold(this.org), holdValue(hold))
        .commit(),
    )
    return hold
  }

  async liftHold(): Promise<void> {
    this.scope.require('organization.manage')
    await untilSettled(() =>
      this.change('organization.hold-lift', { kind: 'organization', id: this.org })
        .delete(tenantKeys.legalHold(this.org), 'present', notFound('legal hold', this.scope.tenant.organization.name))
        .commit(),
    )
  }

  async hold(): Promise<LegalHold | undefined> {
    this.scope.require('organization.manage')
    const entry = await this.store.get(tenantKeys.legalHold(this.org))
    return entry && readHold(entry)
  }

  async nameOfErased(member: string): Promise<string | undefined> {
    if (!memberId.test(member)) return undefined
    const entry = await this.store.get(tenantKeys.erasedMember(this.org, member))
    // The number is given before the rest is done.
    if (entry === undefined || (await this.store.get(tenantKeys.member(this.org, member))) !== undefined) return undefined
    return shownAs((entry.value as { readonly number: number }).number)
  }

  private async read(id: string): Promise<{ readonly erasure: Erasure; readonly revision: string }> {
    const entry = erasureId.test(id) ? await this.store.get(tenantKeys.erasure(this.org, id)) : undefined
    if (entry === undefined) throw notFound('erasure', id.slice(0, 80))
    return { erasure: readErasure(entry), revision: entry.revision }
  }

  private async hasLeft(id: string): Promise<boolean> {
    if (!memberId.test(id)) return false
    for await (const { value } of this.store.range(tenantKeys.leavers(this.org), {}))
      if ((value as { readonly member?: string }).member === id) return true
    return false
  }

  private change(action: string, target: { readonly kind: string; readonly id: string }): OrganizationChange {
    return new OrganizationChange(this.store, this.org, callerEntry(this.scope, this.clock.now(), action, target))
  }
  /** Id of the member who asks, in a session of theirs. */
  private own(): string {
    this.scope.require('account.manage')
    return principalId(this.scope.principal)
  }
  private requireRead(): void {
    if (!this.scope.permits('members.manage')) this.scope.require('members.read')
  }
}

function checkedReason(text: string): string {
  if (text !== '' && text.length <= 500 && !/\p{Cc}/u.test(text)) return text
  throw invalid('A reason has 1 to 500 printing characters')
}
