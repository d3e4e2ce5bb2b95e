import { conflict, invalid, notFound } from '../errors/registry-error.js'
import type { Clock } from '../runtime/clock.js'
import { newId } from '../runtime/identifiers.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { parseNetwork } from './client-address.js'
import type { IssuedToken } from './token-desk.js'
import { newToken, prefixLength, tokenHash } from './token-format.js'
import { readScimTokenListing, type ScimTokenListing, scimTokenListings } from './token-rows.js'

/** The second one is for changing over: make it, put it into the identity provider, revoke the first. */
const perConnection = 2
const connectionsAtMost = 20
const longestDays = 365
const day = 24 * 60 * 60 * 1_000
const tokenId = /^[a-z0-9_]{1,64}$/

export interface ScimTokenRequest {
  /** The identity provider by a name of the organization's own, 'okta'. */
  readonly connection: string
  /** Whole days from now; default and most 365. */
  readonly expiresInDays?: number
  /** CIDR notation; empty or absent: from anywhere. */
  readonly cidr?: readonly string[]
}

export interface ScimTokenRecord {
  readonly id: string
  readonly connection: string
  readonly prefix: string
  readonly cidr: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly lastUsedAt?: Date
}

/** Tokens of identity providers, two alive for each connection. All of it needs organization.manage. */
export interface ScimTokens {
  /** Throws `invalid`, and `conflict` where the connection has two that live. */
  issue(request: ScimTokenRequest): Promise<IssuedToken>
  list(): AsyncIterable<ScimTokenRecord>
  /** Dead at the next request. Throws `not-found`. */
  revoke(id: string): Promise<void>
}

/** As rows: one under the hash, by which it is found, one beside the organization, by which it is listed and counted. */
export class StoredScimTokens implements ScimTokens {
  private readonly org: string

  constructor(
    private readonly store: MetadataStore,
    private readonly clock: Clock,
    private readonly scope: CallerScope,
    private readonly createdBy: string,
  ) {
    this.org = scope.tenant.organization.id
  }

  async issue(request: ScimTokenRequest): Promise<IssuedToken> {
    this.scope.require('organization.manage')
    const { connection, days, cidr } = checked(request)
    const token = newToken('x')
    const [id, hash, prefix] = [newId('tok'), tokenHash(token), token.slice(0, prefixLength)]
    const now = this.clock.now()
    const expiresAt = new Date(now.getTime() + days * day)
    const common = { v: 1, id, connection, cidr, expiresAt: expiresAt.toISOString() }
    const listing = { ...common, hash, prefix, createdAt: now.toISOString(), createdBy: this.createdBy }
    await untilSettled(async () => {
      const kept = await this.listings()
      const isLive = ({ expiresAt: until }: ScimTokenListing) => Date.parse(until) > now.getTime()
      const live = kept.filter(isLive)
      const own = live.filter((row) => row.connection === connection)
      if (own.length >= perConnection)
        throw conflict(`${connection} has ${perConnection} tokens already: revoke the one that is not used any more`, {
          detail: { code: 'scim-tokens' },
        })
      if (own.length === 0 && new Set(live.map((row) => row.connection)).size >= connectionsAtMost)
        throw conflict(`No more than ${connectionsAtMost} identity providers at once`, { detail: { code: 'scim-tokens' } })
      const change = this.change('scim-token.issue', id)
        // Two that are made at one moment meet here, and the second one counts again.
        .put(tenantKeys.scimTokenCount(this.org), { v: 1, last: id }, await this.counted())
        .put(tenantKeys.secret(this.org, hash, 'token'), { ...common, kind: 'x' }, 'absent')
        .put(tenantKeys.scimToken(this.org, id), listing, 'absent')
      for (const row of kept.filter((one) => !isLive(one)).slice(0, 20)) {
        change.delete(tenantKeys.secret(this.org, row.hash, 'token')).delete(tenantKeys.scimToken(this.org, row.id))
      }
      await change.commit()
    })
    return { id, token, prefix, expiresAt }
  }

  async *list(): AsyncIterable<ScimTokenRecord> {
    this.scope.require('organization.manage')
    for (const { id, connection, prefix, cidr, createdAt, expiresAt, lastUsedAt } of await this.listings()) {
      const times = { createdAt: new Date(createdAt), expiresAt: new Date(expiresAt) }
      yield { id, connection, prefix, cidr, ...times, ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt) }) }
    }
  }

  async revoke(id: string): Promise<void> {
    this.scope.require('organization.manage')
    const missing = notFound('token', id.slice(0, 80))
    const key = tenantKeys.scimToken(this.org, id)
    const found = tokenId.test(id) ? await this.store.get(key) : undefined
    if (found === undefined) throw missing
    const { hash } = readScimTokenListing(found)
    await untilSettled(() =>
      this.change('scim-token.revoke', id)
        .delete(key, 'present', missing)
        .delete(tenantKeys.secret(this.org, hash, 'token'))
        .commit(),
    )
  }

  private change(action: string, id: string): OrganizationChange {
    return new OrganizationChange(this.store, this.org, callerEntry(this.scope, this.clock.now(), action, { kind: 'token', id }))
  }

  private async counted(): Promise<'absent' | { readonly revision: string }> {
    const entry = await this.store.get(tenantKeys.scimTokenCount(this.org))
    return entry === undefined ? 'absent' : { revision: entry.revision }
  }

  private async listings(): Promise<readonly ScimTokenListing[]> {
    const rows: ScimTokenListing[] = []
    for await (const row of scimTokenListings(this.store, this.org)) rows.push(row)
    return rows
  }
}

function checked({ connection, expiresInDays = longestDays, cidr = [] }: ScimTokenRequest) {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(connection))
    throw invalid('An identity provider is named by lower-case letters, digits and hyphens, 63 at most')
  if (!Number.isInteger(expiresInDays) || expiresInDays < 1 || expiresInDays > longestDays)
    throw invalid(`A token lives 1 to ${longestDays} whole days`)
  if (cidr.length > 50) throw invalid('A token names at most 50 networks')
  for (const range of cidr) parseNetwork(range)
  return { connection, days: expiresInDays, cidr: [...cidr] }
}
