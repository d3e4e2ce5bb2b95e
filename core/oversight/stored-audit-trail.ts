import { inject, injectable } from 'tsyringe'
import { AuditChain } from '../audit/audit-chain.js'
import { AuditNotes } from '../audit/audit-notes.js'
import { ChainCheck, type ChainVerdict, type ExportLine } from '../audit/chain-check.js'
import { ChainReader } from '../audit/chain-reader.js'
import { beginning, type ChainedRecord, type ChainPlace } from '../audit/chain-rows.js'
import type { Directory } from '../directory/directory.js'
import { readLeaver } from '../directory/leaver-rows.js'
import { loginKey, readLogin } from '../directory/member-rows.js'
import { TenantDirectory } from '../directory/tenant-directory.js'
import { notFound } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { Logger } from '../runtime/logger.js'
import { inTurns } from '../runtime/turns.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { AccessReview, type Reviewed, type ReviewQuery } from './access-review.js'
import type { AuditPage, AuditQuery, AuditTrail, ChainState } from './audit-trail.js'
import { type ReviewedToken, TokenReview, type TokenReviewQuery } from './token-review.js'

/** Rows that one page looks at. */
const looked = 20_000
/** Rows that whoever reads chains first: what was committed just now is seen. The chore does the rest. */
const chainedAhead = 2_000

/** Opens the audit log for one caller. */
@injectable()
export class StoredAuditTrails {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
    @inject(AuditChain) private readonly chain: AuditChain,
    @inject(AuditNotes) private readonly notes: AuditNotes,
    @inject(Logger) private readonly log: Logger,
    @inject(TenantDirectory) private readonly directories: TenantDirectory,
  ) {}

  for(scope: CallerScope): AuditTrail {
    // Whoever may read the log may read who is in it.
    const directory = this.directories.for({ ...scope, require: () => {}, permits: () => true })
    return new CallerAuditTrail(this.store, this.clock, this.chain, this.notes, this.log, scope, directory)
  }
}

class CallerAuditTrail implements AuditTrail {
  private readonly org: string
  private readonly reader: ChainReader

  constructor(
    private readonly store: MetadataStore,
    private readonly clock: Clock,
    private readonly chain: AuditChain,
    private readonly notes: AuditNotes,
    private readonly log: Logger,
    private readonly scope: CallerScope,
    private readonly directory: Directory,
  ) {
    this.org = scope.tenant.organization.id
    this.reader = new ChainReader(store, this.org)
  }

  async list(query: AuditQuery): Promise<AuditPage> {
    this.scope.require('audit.read')
    await this.catchUp()
    const { before, limit } = query
    const fits = await this.filter(query)
    const rows: ChainedRecord[] = []
    let count = 0
    let last: number | undefined
    for await (const row of inTurns(this.reader.before(before, query.from?.getTime(), query.to?.getTime()))) {
      if (rows.length === limit || count === looked) return { rows, ...(last === undefined ? {} : { next: last }) }
      count += 1
      last = row.record.seq
      if (fits(row)) rows.push(row)
    }
    return { rows }
  }

  async state(): Promise<ChainState> {
    this.scope.require('audit.read')
    await this.catchUp()
    const { head, anchor } = await this.places()
    return { org: this.org, head, anchor }
  }

  async export(after?: number): Promise<AsyncIterable<ExportLine>> {
    this.scope.require('audit.read')
    const { anchor, head } = await this.places()
    const begin = after === undefined ? anchor : await this.placeOf(after, anchor, head)
    if (begin === undefined) throw notFound('audit row', String(after))
    const target = { kind: 'organization', id: this.org }
    const { at: _, ...note } = callerEntry(this.scope, this.clock.now(), 'audit.export', target)
    await this.notes.write(this.org, note)
    await this.catchUp()
    return this.lines(begin, (await this.places()).head)
  }

  async verify(): Promise<ChainVerdict> {
    this.scope.require('audit.read')
    await this.catchUp()
    const { anchor, head } = await this.places()
    const check = new ChainCheck()
    for await (const line of inTurns(this.lines(anchor, head))) if (!check.take(line)) break
    return check.verdict()
  }

  async *leavers({ after }: { readonly after?: string } = {}) {
    this.scope.require('audit.read')
    const query = { descending: true, ...(after === undefined ? {} : { after: [after] }) }
    for await (const entry of this.store.range(tenantKeys.leavers(this.org), query)) {
      const leaver = readLeaver(entry)
      const member = await this.directory.findMember(leaver.member)
      yield { ...leaver, ...(member === undefined ? {} : { name: member.name }) }
    }
  }

  async *accessReview(query: ReviewQuery): AsyncIterable<Reviewed> {
    this.scope.require('audit.read')
    const { repository } = query
    const { tenant } = this.scope
    if (repository !== undefined && tenant.findRepository(repository) === undefined) throw notFound('repository', repository)
    yield* inTurns(new AccessReview(this.store, tenant, this.directory).list(query))
  }

  async *tokenReview(query: TokenReviewQuery): AsyncIterable<ReviewedToken> {
    this.scope.require('audit.read')
    const now = this.clock.now().getTime()
    yield* inTurns(new TokenReview(this.store, this.org, this.directory, now).list(query))
  }

  /** Up to the head as it was; rows that retention takes meanwhile would be missed, and break the export off. */
  private async *lines(begin: ChainPlace, head: ChainPlace): AsyncIterable<ExportLine> {
    yield { begin: { ...begin, org: this.org } }
    for await (const { record, prev, hash, origin } of this.reader.after(begin.seq)) {
      if (record.seq > head.seq) break
      yield { ...record, prev, hash, ...(origin === undefined ? {} : { origin }) }
    }
    yield { end: head }
  }

  private async placeOf(seq: number, anchor: ChainPlace, head: ChainPlace): Promise<ChainPlace | undefined> {
    if (seq === anchor.seq) return anchor
    if (seq === head.seq) return head
    const found = await this.reader.find(seq)
    return found && { seq, hash: found.hash }
  }

  private async places(): Promise<{ readonly head: ChainPlace; readonly anchor: ChainPlace }> {
    const { seq, hash, anchor } = (await this.reader.head()) ?? { ...beginning, anchor: beginning }
    return { head: { seq, hash }, anchor }
  }

  /** Where nothing can be written what is chained already can still be read. */
  private async catchUp(): Promise<void> {
    try {
      await this.chain.append(this.org, { settle: 0, most: chainedAhead })
    } catch (cause) {
      this.log.warn('audit.not-chained', { organization: this.org, cause })
    }
  }

  private async filter(query: AuditQuery): Promise<(row: ChainedRecord) => boolean> {
    const { action, result } = query
    const from = query.from?.toISOString()
    const to = query.to?.toISOString()
    const actors = await this.idsOf(query.actor)
    const targets = await this.idsOf(query.target)
    return ({ record }) =>
      (from === undefined || record.time >= from) &&
      (to === undefined || record.time <= to) &&
      (actors === undefined || actors.has(record.actor.id) || actors.has(record.actor.credential ?? '')) &&
      (targets === undefined || (record.target !== undefined && targets.has(record.target.id))) &&
      (action === undefined || record.action === action || record.action.startsWith(`${action}.`)) &&
      (result === undefined || record.result === result)
  }

  /** All that a name may mean here: the log knows ids. */
  private async idsOf(name: string | undefined): Promise<ReadonlySet<string> | undefined> {
    if (name === undefined) return undefined
    const ids = new Set([name])
    const repository = this.scope.tenant.findRepository(name)
    if (repository) ids.add(repository.id)
    const key = loginKey(name)
    if (key === '' || key.includes('\0') || Buffer.byteLength(key) > 254) return ids
    const login = await this.store.get(tenantKeys.login(this.org, key))
    if (login) ids.add(readLogin(login).member)
    const group = await this.store.get(tenantKeys.groupName(this.org, key))
    if (group) ids.add((group.value as { readonly group: string }).group)
    return ids
  }
}
