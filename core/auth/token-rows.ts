import { z } from 'zod'
import type { Entry, MetadataStore } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { parseScopes } from './scopes.js'
import type { TokenRecord } from './token-desk.js'

const v = z.literal(1)
const moment = z.iso.datetime()
const limits = { v, id: z.string(), cidr: z.array(z.string()), expiresAt: moment }
const common = { ...limits, scopes: z.array(z.string()), packages: z.exactOptional(z.array(z.string())) }
/** `{org} t {hash} token`: what deciding needs. `epoch`: of its member's tokens when it was issued; absent where there was none yet. */
const tokenRow = z.object({
  ...common,
  kind: z.enum(['u', 's', 'p']),
  member: z.string(),
  epoch: z.exactOptional(z.string()),
})
/** The same of an identity provider's. */
const scimTokenRow = z.object({ ...limits, kind: z.literal('x'), connection: z.string() })
const secretRow = z.discriminatedUnion('kind', [tokenRow, scimTokenRow])
/** `{org} m {member} token {id}`: what lists show, and where the other one lies. */
const listingRow = z.object({
  ...common,
  hash: z.string(),
  name: z.string(),
  prefix: z.string(),
  createdAt: moment,
  createdBy: z.string(),
  lastUsedAt: z.exactOptional(moment),
  epoch: z.exactOptional(z.string()),
})
/** `{org} o scim-token {id}`: what lists show of an identity provider's. */
const scimListingRow = z.object({
  ...limits,
  hash: z.string(),
  connection: z.string(),
  prefix: z.string(),
  createdAt: moment,
  createdBy: z.string(),
  lastUsedAt: z.exactOptional(moment),
  /** Owners know that it ends within so many days. */
  toldDays: z.exactOptional(z.number()),
})
const operatorRow = z.object({ v, id: z.string(), name: z.string(), createdAt: moment })

export type TokenRow = z.infer<typeof tokenRow>
export type ScimTokenRow = z.infer<typeof scimTokenRow>
export type ScimTokenListing = z.infer<typeof scimListingRow>
export type TokenListing = z.infer<typeof listingRow>
export type OperatorRow = z.infer<typeof operatorRow>

export function readToken(entry: Entry): TokenRow | ScimTokenRow {
  return readRow(secretRow, entry)
}
export function readScimTokenListing(entry: Entry): ScimTokenListing {
  return readRow(scimListingRow, entry)
}
/** Of every identity provider of an organization, dead ones too, in the order of their ids. */
export async function* scimTokenListings(store: MetadataStore, org: string, after?: string): AsyncIterable<ScimTokenListing> {
  const query = { prefix: ['scim-token'], ...(after === undefined ? {} : { after: ['scim-token', after] }) }
  for await (const entry of store.range(tenantKeys.organizationRows(org), query)) yield readScimTokenListing(entry)
}
export function readTokenListing(entry: Entry): TokenListing {
  return readRow(listingRow, entry)
}
export function readOperator(entry: Entry): OperatorRow {
  return readRow(operatorRow, entry)
}

export function tokenRecord(row: TokenListing): TokenRecord {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: parseScopes(row.scopes),
    createdAt: new Date(row.createdAt),
    expiresAt: new Date(row.expiresAt),
    ...(row.lastUsedAt === undefined ? {} : { lastUsedAt: new Date(row.lastUsedAt) }),
  }
}
