import { z } from 'zod'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import { parseScopes } from './scopes.js'
import type { TokenRecord } from './token-desk.js'

const v = z.literal(1)
const moment = z.iso.datetime()
const common = {
  v,
  id: z.string(),
  scopes: z.array(z.string()),
  packages: z.exactOptional(z.array(z.string())),
  cidr: z.array(z.string()),
  expiresAt: moment,
}
/** `{org} t {hash} token`: what deciding needs. */
const tokenRow = z.object({ ...common, kind: z.enum(['u', 's', 'p']), member: z.string() })
/** `{org} m {member} token {id}`: what lists show, and where the other one lies. */
const listingRow = z.object({
  ...common,
  hash: z.string(),
  name: z.string(),
  prefix: z.string(),
  createdAt: moment,
  createdBy: z.string(),
  lastUsedAt: z.exactOptional(moment),
})
const operatorRow = z.object({ v, id: z.string(), name: z.string(), createdAt: moment })

export type TokenRow = z.infer<typeof tokenRow>
export type TokenListing = z.infer<typeof listingRow>
export type OperatorRow = z.infer<typeof operatorRow>

export function readToken(entry: Entry): TokenRow {
  return readRow(tokenRow, entry)
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
