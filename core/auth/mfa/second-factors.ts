import { randomBytes } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { AuditNotes } from '../../audit/audit-notes.js'
import { conflict, forbidden, unauthenticated } from '../../errors/registry-error.js'
import { Clock } from '../../runtime/clock.js'
import { randomHex } from '../../runtime/identifiers.js'
import { KeyedQueue } from '../../runtime/keyed-queue.js'
import { OrganizationKeys, type WrappedKey } from '../../storage/encryption/keys.js'
import { type Entry, type Key, MetadataStore } from '../../storage/metadata-store.js'
import { commitUnlessMoved, seen } from '../../storage/optimistic.js'
import { tenantKeys } from '../../storage/tenant-keys.js'
import type { OrganizationChange } from '../../tenancy/organization-change.js'
import { CodeThrottle } from './code-throttle.js'
import { newRecoveryCodes, recoveryCode, recoveryHash } from './recovery-codes.js'
import { type FactorRow, readFactor, readPending } from './second-factor-rows.js'
import { base32, isTotpCode, newTotpSecret, totpStep, totpUri } from './totp.js'

export interface Enrolment {
  /** Base32, for those who type it. */
  readonly secret: string
  readonly uri: string
}
/** Who shows a code: `by` is the session or token it comes with, `known` whether this member has signed in from there before. */
export interface CodeUse {
  readonly by: string
  readonly known: boolean
}
export type ShownCode = 'otp' | 'recovery'

const secretLength = 20
const pepperLength = 32
const pendingLife = 10 * 60 * 1_000
/** Milliseconds in which a code opens one more write to the credential that it was used with: one command publishes several packages. */
const reusable = 60_000

/** The second factor of a member: a secret under the organization's key, the last step that was taken, and codes for the day it is lost. */
@injectable()
export class SecondFactors {
  private readonly turns = new KeyedQueue()

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @inject(CodeThrottle) private readonly throttle: CodeThrottle,
    @inject(AuditNotes) private readonly notes: AuditNotes,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async find(org: string, member: string): Promise<FactorRow | undefined> {
    const entry = await this.store.get(tenantKeys.secondFactor(org, member))
    return entry === undefined ? undefined : readFactor(entry)
  }

  /** Shown once; good for ten minutes, in which a code of it has to be shown. Another beginning takes its place. Throws `conflict` where there is one. */
  async enrol(org: string, member: string, issuer: string, label: string): Promise<Enrolment> {
    if ((await this.find(org, member)) !== undefined) throw enrolled()
    const secret = newTotpSecret()
    const sealed = await this.seal(org, member, Buffer.concat([secret, randomBytes(pepperLength)]))
    const value = { v: 1, sealed, until: this.now() + pendingLife }
    await this.store.commit([{ op: 'put', key: tenantKeys.pendingFactor(org, member), value }], randomHex())
    return { secret: base32(secret), uri: totpUri(secret, issuer, label) }
  }

  /** Into a commit that makes the pending one count, if this is a code of it; answers the recovery codes. */
  async confirm(change: OrganizationChange, org: string, member: string, code: string, use: CodeUse): Promise<readonly string[]> {
    const pendingKey = tenantKeys.pendingFactor(org, member)
    const entry = await this.store.get(pendingKey)
    const pending = entry === undefined ? undefined : readPending(entry)
    if (entry === undefined || pending === undefined || pending.until <= this.now())
      throw conflict('No second factor is being set up: begin again', { detail: { code: 'MFA_NOT_PENDING' } })
    await this.throttle.check(org, member, use.known)
    const { secret, pepper } = await this.open(org, member, pending.sealed)
    const step = totpStep(secret, code, this.clock.now())
    if (step === undefined) {
      await this.throttle.failed(org, member, use.known)
      throw wrongCode()
    }
    const codes = newRecoveryCodes()
    const value: FactorRow = {
      v: 1,
      sealed: pending.sealed,
      createdAt: this.now(),
      lastStep: step,
      lastUse: { by: use.by, at: this.now() },
    }
    change.delete(pendingKey, { revision: entry.revision }, enrolled())
    change.put(tenantKeys.secondFactor(org, member), value, 'absent', enrolled())
    for (const key of await this.recoveryKeys(org, member)) change.delete(key)
    for (const one of codes) change.put(tenantKeys.recoveryCode(org, member, recoveryHash(pepper, one)), { v: 1 }, 'absent')
    return codes
  }

  /** Takes a code of the app or, where `recovery` says so, one of the recovery codes: each of them once, also between processes. Throws `unauthenticated`
   *  for any other, `throttled` behind too many of those. */
  show(org: string, member: string, code: string, use: CodeUse, recovery: boolean): Promise<ShownCode> {
    return this.turns.run([`${org} ${member}`], () => this.judge(org, member, code, use, recovery))
  }

  /** In turn: each meets the failures of those before it. */
  private async judge(org: string, member: string, code: string, use: CodeUse, recovery: boolean): Promise<ShownCode> {
    await this.throttle.check(org, member, use.known)
    const shown = await this.take(org, member, code, use, recovery)
    if (shown === undefined) {
      await this.throttle.failed(org, member, use.known)
      const who = { kind: 'member', id: member }
      await this.notes.refused(org, { actor: who, action: 'mfa.refused', target: who })
      throw wrongCode()
    }
    await this.throttle.succeeded(org, member, use.known)
    return shown
  }

  /** As `show`, for a write by a build tool: what this credential has shown within the last minute is good for one more. */
  async showForWrite(org: string, member: string, code: string, use: CodeUse): Promise<void> {
    await this.throttle.check(org, member, use.known)
    const entry = await this.store.get(tenantKeys.secondFactor(org, member))
    if (entry !== undefined && isTotpCode(code)) {
      const { sealed, lastStep, lastUse } = readFactor(entry)
      const recent = lastUse?.by === use.by && this.now() - lastUse.at < reusable
      const at = new Date(lastUse?.at ?? 0)
      if (recent && totpStep((await this.open(org, member, sealed)).secret, code, at) === lastStep) return
    }
    await this.show(org, member, code, use, false)
  }

  /** Into a commit that takes the factor away, with all that belongs to it; false where there is none. */
  async remove(change: OrganizationChange, org: string, member: string): Promise<boolean> {
    const key = tenantKeys.secondFactor(org, member)
    const entry = await this.store.get(key)
    if (entry === undefined) return false
    change.delete(key, 'present').delete(tenantKeys.pendingFactor(org, member))
    for (const one of await this.recoveryKeys(org, member)) change.delete(one)
    return true
  }

  /** Into a commit that makes ten new codes of recovery, and ends the old ones. */
  async renewRecovery(change: OrganizationChange, org: string, member: string): Promise<readonly string[]> {
    const key = tenantKeys.secondFactor(org, member)
    const entry = await this.store.get(key)
    if (entry === undefined) throw notEnrolled()
    const { pepper } = await this.open(org, member, readFactor(entry).sealed)
    const codes = newRecoveryCodes()
    change.check(key, 'present', notEnrolled())
    for (const one of await this.recoveryKeys(org, member)) change.delete(one)
    for (const one of codes) change.put(tenantKeys.recoveryCode(org, member, recoveryHash(pepper, one)), { v: 1 }, 'absent')
    return codes
  }

  /** Into a commit: is a code asked for whenever npm publishes? */
  async askOnPublish(change: OrganizationChange, org: string, member: string, onPublish: boolean): Promise<void> {
    const key = tenantKeys.secondFactor(org, member)
    const entry = await this.store.get(key)
    if (entry === undefined) throw notEnrolled()
    change.put(key, { ...readFactor(entry), onPublish }, { revision: entry.revision })
  }

  async recoveryCodesLeft(org: string, member: string): Promise<number> {
    return (await this.recoveryKeys(org, member)).length
  }

  private async take(org: string, member: string, code: string, use: CodeUse, recovery: boolean): Promise<ShownCode | undefined> {
    const key = tenantKeys.secondFactor(org, member)
    // Two processes that are shown the same code meet in the row: who comes second looks again, and finds it taken.
    for (let entry = await this.store.get(key); entry !== undefined; entry = await this.store.get(key)) {
      const row = readFactor(entry)
      const { secret, pepper } = await this.open(org, member, row.sealed)
      const plain = recovery ? recoveryCode(code) : undefined
      if (plain !== undefined) return (await this.spend(org, member, recoveryHash(pepper, plain))) ? 'recovery' : undefined
      const step = totpStep(secret, code, this.clock.now())
      if (step === undefined || step <= row.lastStep) return undefined
      const value: FactorRow = { ...row, lastStep: step, lastUse: { by: use.by, at: this.now() } }
      if (await commitUnlessMoved(this.store, [{ op: 'put', key, value, if: seen(entry) }])) return 'otp'
    }
    return undefined
  }

  /** Looked for within this member: the code of another one is none. */
  private async spend(org: string, member: string, hash: string): Promise<boolean> {
    const key = tenantKeys.recoveryCode(org, member, hash)
    const entry: Entry | undefined = await this.store.get(key)
    return entry !== undefined && commitUnlessMoved(this.store, [{ op: 'delete', key, if: seen(entry) }])
  }

  private async recoveryKeys(org: string, member: string): Promise<readonly Key[]> {
    const keys: Key[] = []
    const query = { prefix: ['mfa', 'recovery'] }
    for await (const { key } of this.store.range(tenantKeys.memberRows(org, member), query)) keys.push(key)
    return keys
  }

  private seal(org: string, member: string, bytes: Uint8Array): Promise<WrappedKey> {
    return this.keys.wrap(org, 'secret', sealedName(member), bytes)
  }
  private async open(org: string, member: string, sealed: WrappedKey) {
    const bytes = await this.keys.unwrap(org, 'secret', sealedName(member), sealed)
    return { secret: bytes.subarray(0, secretLength), pepper: bytes.subarray(secretLength) }
  }
  private now(): number {
    return this.clock.now().getTime()
  }
}

/** Part of what a sealed secret is bound to: copied to another member's row it opens nothing. */
function sealedName(member: string): string {
  return `totp ${member}`
}
function enrolled() {
  return conflict('There is a second factor already: take it away first', { detail: { code: 'MFA_ENROLLED' } })
}
export function notEnrolled() {
  return forbidden('There is no second factor', { detail: { code: 'MFA_NOT_ENROLLED' } })
}
export function wrongCode() {
  return unauthenticated('The one-time code is wrong, or was used before', { detail: { code: 'otp-invalid' } })
}
