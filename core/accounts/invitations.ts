import { createHash } from 'node:crypto'
import { inject, injectable } from 'tsyringe'
import { principalId } from '../auth/principal.js'
import type { Member } from '../directory/directory.js'
import { MemberDirectory } from '../directory/member-directory.js'
import { checkedEmail, checkedMemberName, loginKey } from '../directory/member-rows.js'
import { TenantDirectory } from '../directory/tenant-directory.js'
import { conflict, invalid, notFound } from '../errors/registry-error.js'
import { MailPost } from '../mail/mail-post.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { type Entry, MetadataStore } from '../storage/metadata-store.js'
import { seen } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { OrganizationChange, untilSettled } from '../tenancy/organization-change.js'
import { ReadOnly } from '../tenancy/read-only.js'
import { type Invitation, invitationValue, readInvitation, type StoredInvitation } from './account-rows.js'
import { refusedCode, withEveryRight } from './account-scope.js'
import type { Acceptance, NewInvitation } from './accounts.js'
import { HourlyAttempts } from './hourly-attempts.js'
import { type FoundSecret, MailedSecrets } from './mailed-secrets.js'
import { guessesAnHour } from './password-reset.js'

const week = 7 * 24 * 60 * 60 * 1_000
const idForm = /^inv_[0-9a-f]{20}$/

/** Invitations: bound to an address, with a role that is fixed when they are made, good for a week and for one member. */
@injectable()
export class Invitations {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(MailedSecrets) private readonly secrets: MailedSecrets,
    @inject(HourlyAttempts) private readonly attempts: HourlyAttempts,
    @inject(TenantDirectory) private readonly directories: TenantDirectory,
    @inject(MailPost) private readonly post: MailPost,
    @inject(ReadOnly) private readonly readOnly: ReadOnly,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async invite(scope: CallerScope, { email, name, role }: NewInvitation): Promise<Invitation> {
    scope.require('members.manage')
    if (role === 'owner') scope.require('organization.manage')
    this.post.hold()
    const org = scope.tenant.organization.id
    const address = checkedEmail(email)
    const wanted = name === undefined ? {} : { name: checkedMemberName(name) }
    await this.holdFree(org, address, wanted.name)
    const now = this.clock.now()
    const invitation: StoredInvitation = {
      id: idOf(org, address),
      nonce: randomHex(),
      email: address,
      ...wanted,
      ...(role === undefined ? {} : { role }),
      invitedBy: principalId(scope.principal),
      createdAt: now,
      expiresAt: new Date(now.getTime() + week),
    }
    const { id, nonce } = invitation
    const key = tenantKeys.invitation(org, id)
    await untilSettled(async () => {
      const before = await this.store.get(key)
      if (before !== undefined && readInvitation(before).expiresAt > now)
        throw conflict('This address is invited already; revoke that invitation first', { detail: { field: 'email' } })
      const change = this.change(scope, 'invitation.create', id).put(key, invitationValue(invitation), seen(before))
      this.forgetCode(change, org, before)
      for (const old of await this.expired(org, now))
        if (old.key.path[1] !== id && change.room > 5) {
          this.forgetCode(change.delete(old.key, { revision: old.revision }), org, old)
        }
      for (const { key, value } of this.post.letters(org, { kind: 'invite', invitation: id, nonce }, now))
        change.put(key, value, 'absent')
      await change.commit()
    })
    return shown(invitation)
  }

  /** In the order of their ids, which tells nothing; `after` is the id of the last one seen. */
  async *list(
    scope: CallerScope,
    { after, limit = Number.POSITIVE_INFINITY }: { readonly after?: string; readonly limit?: number } = {},
  ): AsyncIterable<Invitation> {
    scope.require('members.manage')
    const now = this.clock.now()
    const query = { prefix: ['invitation'], ...(after === undefined ? {} : { after: ['invitation', after] }) }
    let left = limit
    for await (const entry of this.store.range(tenantKeys.organizationRows(scope.tenant.organization.id), query)) {
      const invitation = readInvitation(entry)
      if (invitation.expiresAt <= now) continue
      if (left === 0) return
      left -= 1
      yield shown(invitation)
    }
  }

  async revoke(scope: CallerScope, id: string): Promise<void> {
    scope.require('members.manage')
    const org = scope.tenant.organization.id
    await untilSettled(async () => {
      const entry = idForm.test(id) ? await this.store.get(tenantKeys.invitation(org, id)) : undefined
      if (entry === undefined) throw notFound('invitation', id)
      if (readInvitation(entry).role === 'owner') scope.require('organization.manage')
      const change = this.change(scope, 'invitation.revoke', id).delete(entry.key, { revision: entry.revision })
      this.forgetCode(change, org, entry)
      await change.commit()
    })
  }

  async accept(scope: CallerScope, code: string, { name, displayName, password }: Acceptance): Promise<Member> {
    const { exists, organization } = scope.tenant
    const address = scope.source?.ip ?? ''
    await this.readOnly.holdInstance()
    await this.attempts.hold('code', address, guessesAnHour)
    const found = exists && organization.status === 'active' ? await this.found(organization.id, code) : undefined
    if (found === undefined) {
      await this.attempts.spend('code', address, guessesAnHour)
      throw refusedCode()
    }
    await this.readOnly.hold(organization)
    const { secret, entry, invitation } = found
    if (name !== undefined && invitation.name !== undefined && loginKey(name) !== loginKey(invitation.name))
      throw invalid(`This invitation is for the name ${invitation.name}`, { detail: { field: 'name' } })
    const login = invitation.name ?? name
    if (login === undefined) throw invalid('Choose a name to sign in by', { detail: { field: 'name' } })
    const wanted = {
      name: login,
      email: invitation.email,
      emailVerified: true,
      password,
      ...(displayName === undefined ? {} : { displayName }),
      ...(invitation.role === undefined ? {} : { role: invitation.role }),
    }
    const members = new MemberDirectory(this.directories.parts(withEveryRight(scope)))
    return members.create(wanted, {
      verifiedBy: 'invitation',
      write: (change) =>
        change
          .delete(secret.entry.key, { revision: secret.entry.revision }, refusedCode())
          .delete(entry.key, { revision: entry.revision }, refusedCode()),
    })
  }

  private async found(
    org: string,
    code: string,
  ): Promise<{ readonly secret: FoundSecret; readonly entry: Entry; readonly invitation: StoredInvitation } | undefined> {
    const now = this.clock.now()
    const secret = await this.secrets.find(org, code, now)
    if (secret?.row.purpose !== 'invite') return undefined
    const entry = await this.store.get(tenantKeys.invitation(org, secret.row.invitation))
    const invitation = entry && readInvitation(entry)
    if (!entry || invitation?.nonce !== secret.row.nonce || invitation.expiresAt <= now) return undefined
    return { secret, entry, invitation }
  }

  private async holdFree(org: string, email: string, name: string | undefined): Promise<void> {
    for (const [field, login] of [
      ['email', email],
      ['name', name],
    ] as const)
      if (login !== undefined && (await this.store.get(tenantKeys.login(org, loginKey(login)))) !== undefined)
        throw conflict(`This ${field} belongs to a member already`, { detail: { field } })
  }

  /** A few that ran out: their rows go with the next one that is made. */
  private async expired(org: string, now: Date): Promise<readonly Entry[]> {
    const found: Entry[] = []
    for await (const entry of this.store.range(tenantKeys.organizationRows(org), { prefix: ['invitation'] }))
      if (readInvitation(entry).expiresAt <= now && found.push(entry) === 10) break
    return found
  }

  private forgetCode(change: OrganizationChange, org: string, entry: Entry | undefined): void {
    const code = entry === undefined ? undefined : readInvitation(entry).code
    if (code !== undefined) change.delete(tenantKeys.secret(org, code, 'reset'))
  }

  private change(scope: CallerScope, action: string, id: string): OrganizationChange {
    const entry = callerEntry(scope, this.clock.now(), action, { kind: 'invitation', id })
    return new OrganizationChange(this.store, scope.tenant.organization.id, entry)
  }
}

/** One invitation an address: the same row for whoever invites it again. */
function idOf(org: string, email: string): string {
  return `inv_${createHash('sha256')
    .update(`${org}\0${loginKey(email)}`)
    .digest('hex')
    .slice(0, 20)}`
}
function shown({ nonce: _, code: _code, ...invitation }: StoredInvitation): Invitation {
  return invitation
}
