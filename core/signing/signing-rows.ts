import { z } from 'zod'
import type { WrappedKey } from '../storage/encryption/keys.js'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import type { SigningKey } from './signatures.js'

const moment = z.iso.datetime()
const signingRow = z.object({
  v: z.literal(1),
  keys: z.array(
    z.object({
      keyid: z.string(),
      spki: z.string(),
      wrapped: z.object({ v: z.number(), k: z.string() }),
      createdAt: moment,
      signsFrom: moment,
      expiresAt: z.exactOptional(moment),
    }),
  ),
})

/** The private half goes by the organization's key, as a secret of this name. */
export type StoredSigningKey = SigningKey & { readonly wrapped: WrappedKey }
export const secretName = (keyid: string) => `signing ${keyid}`

/** In the order in which they sign. */
export function readSigningKeys(entry: Entry | undefined): readonly StoredSigningKey[] {
  if (entry === undefined) return []
  return readRow(signingRow, entry).keys.map(({ createdAt, signsFrom, expiresAt, ...key }) => ({
    ...key,
    createdAt: new Date(createdAt),
    signsFrom: new Date(signsFrom),
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
  }))
}
export function signingKeysValue(keys: readonly StoredSigningKey[]) {
  return {
    v: 1,
    keys: keys.map(({ keyid, spki, wrapped, createdAt, signsFrom, expiresAt }) => ({
      keyid,
      spki,
      wrapped: { v: wrapped.v, k: wrapped.k },
      createdAt: createdAt.toISOString(),
      signsFrom: signsFrom.toISOString(),
      ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
    })),
  }
}

/** Of keys whose time has come, the last. */
export function signingAt<Key extends SigningKey>(keys: readonly Key[], at: Date): Key | undefined {
  return keys.findLast(({ signsFrom }) => signsFrom.getTime() <= at.getTime())
}
