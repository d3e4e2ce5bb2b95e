import type { Scope } from '../auth/principal.js'
import { parseScopes } from '../auth/scopes.js'
import { readTokenListing, scimTokenListings, type TokenListing } from '../auth/token-rows.js'
import type { Directory, Member } from '../directory/directory.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'

/** What is to be said against a token. 'old': made long ago. 'unused': its last use is long ago; 'never-used': there was none. 'broad': writes into every
 *  repository. 'no-expiry': lives longer than a year. 'expired': dead, and still listed. 'leaver': of somebody inactive, or made by somebody who is inactive or gone. */
export const tokenFindings = ['old', 'unused', 'never-used', 'broad', 'no-expiry', 'expired', 'leaver'] as const
export type TokenFinding = (typeof tokenFindings)[number]

export interface ReviewedToken {
  /** Whose it is; absent where it is an identity provider's. */
  readonly member?: { readonly id: string; readonly name: string; readonly status: 'active' | 'inactive' }
  /** The identity provider whose it is. */
  readonly connection?: string
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly createdBy: string
  readonly expiresAt: Date
  readonly lastUsedAt?: Date
  readonly findings: readonly TokenFinding[]
}
export interface TokenReviewQuery {
  /** The last one seen; `member` is empty where it is an identity provider's. */
  readonly after?: { readonly member: string; readonly token: string }
  /** Days after which a token is old, and after which one is unused. */
  readonly oldDays: number
  readonly unusedDays: number
  readonly finding?: TokenFinding
}

const day = 86_400_000
/** One made this week may not have been put to use yet. */
const young = 7 * day

/** Tokens against which there is something to say: first those of identity providers, then in the order of their owners' names and their ids. */
export class TokenReview {
  private readonly creators = new Map<string, Promise<boolean>>()

  constructor(
    private readonly store: MetadataStore,
    private readonly org: string,
    private readonly directory: Directory,
    private readonly now: number,
  ) {}

  async *list(query: TokenReviewQuery): AsyncIterable<ReviewedToken> {
    const { after } = query
    if (after === undefined || after.member === '') yield* this.ofProviders(query, after?.token)
    const last = after && (await this.directory.findMemberByLogin(after.member))
    if (last) yield* this.of(last, query, after?.token)
    for await (const member of this.directory.listMembers(after === undefined ? {} : { after: after.member }))
      yield* this.of(member, query, undefined)
  }

  private async *ofProviders(query: TokenReviewQuery, after: string | undefined): AsyncIterable<ReviewedToken> {
    for await (const { connection, ...row } of scimTokenListings(this.store, this.org, after)) {
      const findings = await this.findings(undefined, { ...row, scopes: [] }, query)
      if (isAskedFor(findings, query)) yield { connection, ...reviewed({ ...row, name: connection, scopes: [] }, findings) }
    }
  }

  private async *of(member: Member, query: TokenReviewQuery, after: string | undefined): AsyncIterable<ReviewedToken> {
    const range = { prefix: ['token'], ...(after === undefined ? {} : { after: ['token', after] }) }
    for await (const entry of this.store.range(tenantKeys.memberRows(this.org, member.id), range)) {
      const row = readTokenListing(entry)
      const findings = await this.findings(member, row, query)
      const { id, name, status } = member
      if (isAskedFor(findings, query)) yield { member: { id, name, status }, ...reviewed(row, findings) }
    }
  }

  private async findings(
    member: Member | undefined,
    row: Pick<TokenListing, 'createdAt' | 'createdBy' | 'expiresAt' | 'lastUsedAt' | 'scopes'>,
    { oldDays, unusedDays }: TokenReviewQuery,
  ): Promise<readonly TokenFinding[]> {
    const created = Date.parse(row.createdAt)
    const expires = Date.parse(row.expiresAt)
    const used = row.lastUsedAt === undefined ? undefined : Date.parse(row.lastUsedAt)
    const { now } = this
    const found: Record<TokenFinding, boolean> = {
      old: now - created >= oldDays * day,
      unused: used !== undefined && now - used >= unusedDays * day,
      'never-used': used === undefined && now - created >= young,
      // An identity provider's has no scopes.
      broad: member !== undefined && parseScopes(row.scopes).some(isBroad),
      'no-expiry': !(expires - created <= 366 * day),
      expired: expires <= now,
      leaver: member?.status === 'inactive' || (await this.hasLeft(row.createdBy)),
    }
    return tokenFindings.filter((finding) => found[finding])
  }

  /** Operators and the like are nobody's members. */
  private hasLeft(creator: string): Promise<boolean> {
    if (!/^[ms]_/.test(creator)) return Promise.resolve(false)
    let left = this.creators.get(creator)
    if (left === undefined) {
      left = this.directory.findMember(creator).then((member) => member?.status !== 'active')
      this.creators.set(creator, left)
    }
    return left
  }
}

function isAskedFor(findings: readonly TokenFinding[], { finding }: TokenReviewQuery): boolean {
  return finding === undefined ? findings.length > 0 : findings.includes(finding)
}

function reviewed(
  { id, name, prefix, scopes, createdBy, createdAt, expiresAt, lastUsedAt }: Omit<TokenListing, 'v' | 'hash' | 'cidr'>,
  findings: readonly TokenFinding[],
) {
  return {
    ...{ id, name, prefix, scopes, createdBy, findings },
    createdAt: new Date(createdAt),
    expiresAt: new Date(expiresAt),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt) }),
  }
}

function isBroad(scope: Scope): boolean {
  return scope.kind === 'repository' && scope.repository === '*' && scope.level !== 'read'
}
