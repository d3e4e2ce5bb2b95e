import { inject, injectable } from 'tsyringe'
import type { LogEntry } from '../audit/log-row.js'
import { readLogin } from '../directory/member-rows.js'
import { conflict, invalid, notFound } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { newId } from '../runtime/identifiers.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { parseNetwork } from './client-address.js'
import { readMemberEpoch } from './member-epoch.js'
import { formatScope, parseScope } from './scopes.js'
import type { IssuedToken, TokenRecord, TokenRequest } from './token-desk.js'
import { newToken, prefixLength, tokenHash } from './token-format.js'
import { readToken, readTokenListing, type TokenListing, tokenRecord } from './token-rows.js'

export interface TokenOwner {
  readonly kind: 'member' | 'service'
  readonly id: string
}
/** The log row of a change, once the token's id is known. */
type Entry = (action: string, tokenId: string) => LogEntry

interface NewToken {
  readonly name: string
  readonly scopes: string[]
  readonly cidr: string[]
  readonly packages?: string[]
  readonly createdBy: string
  readonly expiresAt: Date
  readonly now: Date
}

const defaultDays = 90
const longestDays = 365
const longestOverlap = 7
const perMember = 500
const together = 25
const tokenId = /^[a-z0-9_]{1,64}$/
const day = 24 * 60 * 60 * 1_000

/** Tokens as rows: one under its hash, by which it is found, and one beside its member, by which it is listed. Who may, is asked elsewhere. */
@injectable()
export class StoredTokens {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Throws `invalid` for a request that names nothing or too much, `not-found` without the member, `conflict` where the member has too many. */
  async issue(org: string, owner: TokenOwner, createdBy: string, request: TokenRequest, entry: Entry): Promise<IssuedToken> {
    const wanted = checked(request)
    const now = this.clock.now()
    const kept = await this.listings(org, owner.id)
    const expired = kept.filter((row) => Date.parse(row.expiresAt) <= now.getTime())
    if (kept.length - expired.length >= perMember) throw conflict(`No more than ${perMember} tokens at once; revoke some first`)
    const expiresAt = new Date(now.getTime() + wanted.days * day)
    const made = await this.made(org, owner, { ...wanted.limits, name: wanted.name, createdBy, expiresAt, now })
    await untilSettled(async () => {
      const change = new OrganizationChange(this.store, org, entry('token.issue', made.issued.id)).check(
        tenantKeys.member(org, owner.id),
        'present',
        notFound('member', owner.id),
      )
      for (const { key, value } of made.rows) change.put(key, value, 'absent')
      for (const row of expired.slice(0, Math.floor(change.room / 2))) {
        change.delete(tenantKeys.secret(org, row.hash, 'token')).delete(tenantKeys.memberToken(org, owner.id, row.id))
      }
      await change.commit()
    })
    return made.issued
  }

  /** Another one with the same scopes and as long a life; the old one goes on for `overlap` days, 0 to 7, and no longer than it would have. Throws
   *  `not-found` where this member has none of this id, or has one that ran out. */
  async rotate(
    org: string,
    owner: TokenOwner,
    id: string,
    overlap: number,
    createdBy: string,
    entry: Entry,
  ): Promise<IssuedToken> {
    if (!Number.isInteger(overlap) || overlap < 0 || overlap > longestOverlap)
      throw invalid(`An old token goes on for 0 to ${longestOverlap} whole days`)
    const key = tenantKeys.memberToken(org, owner.id, id)
    const missing = notFound('token', id.slice(0, 80))
    return untilSettled(async () => {
      const now = this.clock.now()
      const listed = tokenId.test(id) ? await this.store.get(key) : undefined
      const listing = listed === undefined ? undefined : readTokenListing(listed)
      if (listed === undefined || listing === undefined || Date.parse(listing.expiresAt) <= now.getTime()) throw missing
      const found = await this.store.get(tenantKeys.secret(org, listing.hash, 'token'))
      const row = found === undefined ? undefined : readToken(found)
      if (found === undefined || row === undefined || row.kind === 'x') throw missing
      const { name, scopes, cidr, packages } = listing
      const life = Date.parse(listing.expiresAt) - Date.parse(listing.createdAt)
      const limits = { scopes, cidr, ...(packages === undefined ? {} : { packages }) }
      const expiresAt = new Date(now.getTime() + Math.min(life, longestDays * day))
      const made = await this.made(org, owner, { ...limits, name, createdBy, expiresAt, now })
      const until = new Date(Math.min(Date.parse(listing.expiresAt), now.getTime() + overlap * day)).toISOString()
      const change = new OrganizationChange(this.store, org, entry('token.rotate', id))
        .check(tenantKeys.member(org, owner.id), 'present', notFound('member', owner.id))
        .put(listed.key, { ...listing, expiresAt: until }, { revision: listed.revision })
        .put(found.key, { ...row, expiresAt: until }, { revision: found.revision })
      for (const one of made.rows) change.put(one.key, one.value, 'absent')
      await change.commit()
      return made.issued
    })
  }

  private async made(org: string, owner: TokenOwner, { name, createdBy, expiresAt, now, ...limits }: NewToken) {
    const kind = owner.kind === 'service' ? 's' : 'u'
    const token = newToken(kind)
    const id = newId('tok')
    const hash = tokenHash(token)
    const prefix = token.slice(0, prefixLength)
    const epoch = readMemberEpoch(await this.store.get(tenantKeys.memberEpoch(org, owner.id, 'tokens')))
    const common = { v: 1, id, ...limits, expiresAt: expiresAt.toISOString(), ...(epoch === '' ? {} : { epoch }) }
    const listing = { ...common, hash, name, prefix, createdAt: now.toISOString(), createdBy }
    const issued: IssuedToken = { id, token, prefix, expiresAt }
    const rows = [
      { key: tenantKeys.secret(org, hash, 'token'), value: { ...common, kind, member: owner.id } },
      { key: tenantKeys.memberToken(org, owner.id, id), value: listing },
    ]
    return { issued, rows }
  }

  async *list(org: string, member: string): AsyncIterable<TokenRecord> {
    for (const row of await this.listings(org, member)) yield tokenRecord(row)
  }

  /** Throws `not-found` where this member has none of this id. */
  async revoke(org: string, member: string, id: string, entry: Entry): Promise<void> {
    const key = tenantKeys.memberToken(org, member, id)
    const missing = notFound('token', id)
    // The id comes from outside: what no row can be named after is no token.
    const found = tokenId.test(id) ? await this.store.get(key) : undefined
    if (found === undefined) throw missing
    const { hash } = readTokenListing(found)
    await untilSettled(() =>
      new OrganizationChange(this.store, org, entry('token.revoke', id))
        .delete(key, 'present', missing)
        .delete(tenantKeys.secret(org, hash, 'token'))
        .commit(),
    )
  }

  /** Whose it is; undefined for a token of nobody here. */
  async find(org: string, token: string): Promise<{ readonly id: string; readonly member: string } | undefined> {
    const row = await this.store.get(tenantKeys.secret(org, tokenHash(token), 'token'))
    const found = row === undefined ? undefined : readToken(row)
    return found === undefined || found.kind === 'x' ? undefined : found
  }

  /** Id of the member who has it, found among the names that members sign in by. */
  async owner(org: string, id: string): Promise<string | undefined> {
    if (!tokenId.test(id)) return undefined
    let members: string[] = []
    const search = async () => {
      const found = await Promise.all(members.map((member) => this.store.get(tenantKeys.memberToken(org, member, id))))
      return members[found.findIndex((entry) => entry !== undefined)]
    }
    for await (const entry of this.store.range(tenantKeys.organizationRows(org), { prefix: ['login'] })) {
      const { kind, member } = readLogin(entry)
      if (kind === 'name') members.push(member)
      if (members.length < together) continue
      const owner = await search()
      if (owner !== undefined) return owner
      members = []
    }
    return search()
  }

  private async listings(org: string, member: string): Promise<readonly TokenListing[]> {
    const rows: TokenListing[] = []
    for await (const row of this.store.range(tenantKeys.memberRows(org, member), { prefix: ['token'] }))
      rows.push(readTokenListing(row))
    return rows
  }
}

function checked({ name, scopes, expiresInDays = defaultDays, packages, cidr = [] }: TokenRequest) {
  if (name.trim() === '' || name.length > 128 || /\p{Cc}/u.test(name))
    throw invalid('A token has a name of 1 to 128 printing characters')
  if (scopes.length === 0) throw invalid('A token needs at least one scope')
  if (scopes.length > 100 || cidr.length > 50 || (packages?.length ?? 0) > 100) throw invalid('A token names too many things')
  if (!Number.isInteger(expiresInDays) || expiresInDays < 1 || expiresInDays > longestDays) {
    throw invalid(`A token lives 1 to ${longestDays} whole days`)
  }
  if (packages?.length === 0) throw invalid('A list of packages names at least one')
  if (packages?.some((pkg) => pkg === '' || pkg.length > 256)) throw invalid('A package name has 1 to 256 characters')
  for (const range of cidr) parseNetwork(range)
  const texts = scopes.map(formatScope)
  // Written and read by the same grammar: a scope made by hand cannot become one that means something else.
  for (const text of texts) parseScope(text)
  const limits = { scopes: texts, cidr: [...cidr], ...(packages === undefined ? {} : { packages: [...packages] }) }
  return { name, days: expiresInDays, limits }
}
