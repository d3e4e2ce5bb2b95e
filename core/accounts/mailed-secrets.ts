import { createHash, randomUUID } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { readMemberEpoch } from '../auth/member-epoch.js'
import type { Member } from '../directory/directory.js'
import { loginKey, type PasswordRow, readMember, readPassword } from '../directory/member-rows.js'
import { type Entry, type Key, MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import {
  readSecret,
  readSecretListing,
  readVerified,
  type SecretListing,
  type SecretRow,
  type VerifiedRow,
} from './account-rows.js'

/** A code that was mailed: 122 random bits (RFC 9562, version 4). Its hash alone is kept. */
const codeForm = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export interface FoundSecret {
  readonly row: SecretRow
  readonly hash: string
  readonly entry: Entry
}
export interface ListedSecret extends SecretListing {
  readonly hash: string
  readonly key: Key
}
/** A member with what codes are held against. */
export interface Account {
  readonly member: Member
  readonly password: (PasswordRow & { readonly revision: string }) | undefined
  /** Another one once the password was changed, or all sessions were ended: codes of before are then dead. */
  readonly epoch: string
  readonly verified: VerifiedRow | undefined
}

/** Codes in mails as rows: one under its hash, by which it is found, and one beside its member, by which it is counted. */
@injectable()
export class MailedSecrets {
  constructor(@inject(MetadataStore) private readonly store: MetadataStore) {}

  /** A new code with the mutations that make it good for `row`. */
  issue(org: string, row: SecretRow): { readonly code: string; readonly hash: string; readonly mutations: readonly Mutation[] } {
    const code = randomUUID()
    const hash = hashOf(code)
    const mutations: Mutation[] = [{ op: 'put', key: tenantKeys.secret(org, hash, 'reset'), value: { ...row }, if: 'absent' }]
    if (row.purpose !== 'invite') {
      const { v, purpose, createdAt, expiresAt, mail } = row
      const listing: SecretListing = { v, purpose, createdAt, expiresAt, mail }
      mutations.push({ op: 'put', key: tenantKeys.memberReset(org, row.member, hash), value: { ...listing }, if: 'absent' })
    }
    return { code, hash, mutations }
  }

  /** Undefined for what is no code, none of this organization, or one that has run out at this moment. */
  async find(org: string, code: string, now: Date): Promise<FoundSecret | undefined> {
    if (!codeForm.test(code)) return undefined
    const hash = hashOf(code)
    const entry = await this.store.get(tenantKeys.secret(org, hash, 'reset'))
    if (entry === undefined) return undefined
    const row = readSecret(entry)
    return now.getTime() < Date.parse(row.expiresAt) ? { row, hash, entry } : undefined
  }

  /** Those of a member, whatever became of them. */
  async list(org: string, member: string): Promise<readonly ListedSecret[]> {
    const found: ListedSecret[] = []
    for await (const entry of this.store.range(tenantKeys.memberRows(org, member), { prefix: ['reset'] }))
      found.push({ ...readSecretListing(entry), hash: entry.key.path[1] ?? '', key: entry.key })
    return found
  }

  /** Undefined without such a member. */
  async account(org: string, id: string): Promise<Account | undefined> {
    const [member, password, epoch, verified] = await Promise.all([
      this.store.get(tenantKeys.member(org, id)),
      this.store.get(tenantKeys.password(org, id)),
      this.store.get(tenantKeys.memberEpoch(org, id, 'sessions')),
      this.store.get(tenantKeys.verifiedEmail(org, id)),
    ])
    if (member === undefined) return undefined
    const row = password === undefined ? undefined : readPassword(password)
    return {
      member: readMember(member),
      password: row,
      epoch: `${readMemberEpoch(epoch)}.${row?.version ?? 0}`,
      verified: verified === undefined ? undefined : readVerified(verified),
    }
  }
}

/** Codes that are sent to one account in an hour, and that may be out at once; of each purpose. */
const anHour = 3
const atOnce = 5
/** Has the account had as many as it gets for now? */
export function hadItsShare(listed: readonly ListedSecret[], purpose: SecretListing['purpose'], now: Date): boolean {
  const alike = listed.filter((one) => one.purpose === purpose)
  const out = alike.filter(({ expiresAt }) => Date.parse(expiresAt) > now.getTime())
  return alike.filter((one) => isRecent(one, now)).length >= anHour || out.length >= atOnce
}
/** Of the last hour: it counts, although it may have run out. */
export function isRecent({ createdAt }: ListedSecret, now: Date): boolean {
  return Date.parse(createdAt) > now.getTime() - 3_600_000
}

/** Both rows of a code. */
export function secretKeys(org: string, member: string, hash: string): readonly Key[] {
  return [tenantKeys.secret(org, hash, 'reset'), tenantKeys.memberReset(org, member, hash)]
}

/** The address that mail with a code may go to: the one the member has now, where that one is verified. */
export function verifiedAddress({ member, verified }: Account): string | undefined {
  const { email } = member
  return email !== undefined && verified?.address === loginKey(email) ? email : undefined
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}
