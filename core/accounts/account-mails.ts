import { inject, injectable } from 'tsyringe'
import { logMutation } from '../audit/log-row.js'
import { loginKey, readLogin } from '../directory/member-rows.js'
import type { MailWriter } from '../mail/mail-chore.js'
import { MailLinks } from '../mail/mail-links.js'
import type { QueuedMail } from '../mail/mail-rows.js'
import type { Mail } from '../mail/mailer.js'
import { Clock } from '../runtime/clock.js'
import { randomHex } from '../runtime/identifiers.js'
import { KeyedQueue } from '../runtime/keyed-queue.js'
import { MetadataStore, type Mutation } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Organization } from '../tenancy/organization.js'
import { Tenancy } from '../tenancy/tenancy.js'
import { invitationValue, readInvitation, type SecretPurpose, type SecretRow } from './account-rows.js'
import {
  emailChangedLetter,
  invitationLetter,
  manyLeaversLetter,
  passwordChangedLetter,
  resetLetter,
  scimTokenLetter,
  secondFactorLetter,
  signInLetter,
  verificationLetter,
} from './mail-texts.js'
import {
  type Account,
  hadItsShare,
  isRecent,
  type ListedSecret,
  MailedSecrets,
  secretKeys,
  verifiedAddress,
} from './mailed-secrets.js'

const hour = 3_600_000
/** From the moment that it was asked for; an invitation says its own end. */
const lives = {
  reset: 2 * hour,
  'sign-in': hour / 6,
  'verify-email': 2 * hour,
  'change-email': 2 * hour,
  'revert-email': 72 * hour,
}

/** What the code of a letter is good for. */
type Carried =
  | { readonly purpose: 'reset' }
  | { readonly purpose: 'sign-in'; readonly session: string }
  | { readonly purpose: Exclude<SecretPurpose, 'reset' | 'sign-in' | 'invite'>; readonly email: string }

type Written<Kind extends QueuedMail['subject']['kind']> = QueuedMail & {
  readonly subject: Extract<QueuedMail['subject'], { readonly kind: Kind }>
}

/** Writes the letters that commits have asked for, with a new code each time: what could not be sent is dead, and what waits holds no secret. */
@injectable()
export class AccountMails implements MailWriter {
  private readonly turns = new KeyedQueue()

  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Tenancy) private readonly tenancy: Tenancy,
    @inject(MailedSecrets) private readonly secrets: MailedSecrets,
    @inject(MailLinks) private readonly links: MailLinks,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Undefined: there is nothing to say any more, or nobody to say it to. */
  async compose(queued: QueuedMail): Promise<Mail | undefined> {
    const { exists, organization } = await this.tenancy.openById(queued.org)
    if (!exists || organization.status !== 'active') return undefined
    const { subject } = queued
    switch (subject.kind) {
      case 'reset':
        return this.reset(organization, { ...queued, subject })
      case 'sign-in':
        return this.signIn(organization, { ...queued, subject })
      case 'invite':
        return this.invite(organization, { ...queued, subject })
      case 'password-changed': {
        const account = await this.secrets.account(organization.id, subject.member)
        const to = account?.member.email
        if (account === undefined || to === undefined) return undefined
        const { name } = account.member
        return passwordChangedLetter({ ...place(organization), to, name, by: subject.by, at: queued.at })
      }
      case 'many-leavers': {
        const to = await this.owner(organization, subject.member)
        return to === undefined ? undefined : manyLeaversLetter({ ...place(organization), ...subject, to, at: queued.at })
      }
      case 'scim-token-ends': {
        const to = await this.owner(organization, subject.member)
        const stands = await this.store.get(tenantKeys.scimToken(organization.id, subject.token))
        return to === undefined || stands === undefined ? undefined : scimTokenLetter({ ...place(organization), ...subject, to })
      }
      case 'second-factor': {
        const account = await this.secrets.account(organization.id, subject.member)
        const to = account?.member.email
        if (account === undefined || to === undefined) return undefined
        return secondFactorLetter({ ...place(organization), to, name: account.member.name, what: subject.what, at: queued.at })
      }
      default:
        return this.emailLetter(organization, { ...queued, subject })
    }
  }

  /** Where an owner who still is one is reached. */
  private async owner(organization: Organization, member: string): Promise<string | undefined> {
    const account = await this.secrets.account(organization.id, member)
    return account !== undefined && isReachable(account) && account.member.role === 'owner' ? account.member.email : undefined
  }

  /** What names somebody who is gone, or is too late to be of use, need not wait for its end. */
  async stands({ org, subject, at }: QueuedMail): Promise<boolean> {
    if (subject.kind === 'reset' || subject.kind === 'sign-in')
      return at.getTime() + lives[subject.kind] > this.clock.now().getTime()
    const key =
      subject.kind === 'invite' ? tenantKeys.invitation(org, subject.invitation) : tenantKeys.member(org, subject.member)
    return (await this.store.get(key)) !== undefined
  }

  private async reset(organization: Organization, queued: Written<'reset'>): Promise<Mail | undefined> {
    const { login } = queued.subject
    if (organization.readOnly !== undefined) return undefined
    const possible = login !== '' && !login.includes('\0') && Buffer.byteLength(login) <= 254
    const entry = possible ? await this.store.get(tenantKeys.login(organization.id, login)) : undefined
    const account = entry && (await this.secrets.account(organization.id, readLogin(entry).member))
    if (!account || !isReachable(account)) return undefined
    const to = verifiedAddress(account)
    if (to === undefined || loginKey(to) !== login) return undefined
    // Asked for before it was changed: whoever changed it needs no other one.
    if (account.password !== undefined && Date.parse(account.password.changedAt) > queued.at.getTime()) return undefined
    const sent = await this.send(organization, account, queued, 'reset', { purpose: 'reset' })
    return sent && resetLetter({ ...place(organization), to, name: account.member.name, ...sent })
  }

  private async signIn(organization: Organization, queued: Written<'sign-in'>): Promise<Mail | undefined> {
    const { member, session } = queued.subject
    const account = await this.secrets.account(organization.id, member)
    if (account === undefined || !isReachable(account)) return undefined
    const to = verifiedAddress(account)
    if (to === undefined) return undefined
    const sent = await this.send(organization, account, queued, 'session', { purpose: 'sign-in', session })
    return sent && signInLetter({ ...place(organization), to, name: account.member.name, ...sent })
  }

  private async emailLetter(
    organization: Organization,
    queued: Written<'verify-email' | 'change-email' | 'email-changed'>,
  ): Promise<Mail | undefined> {
    const { subject } = queued
    const account = await this.secrets.account(organization.id, subject.member)
    if (account === undefined || !isReachable(account)) return undefined
    const { name, email: current } = account.member
    if (subject.kind === 'email-changed') {
      const { email } = subject
      const sent = await this.send(organization, account, queued, 'email-reverted', { purpose: 'revert-email', email })
      return sent && emailChangedLetter({ ...place(organization), to: email, name, ...sent })
    }
    const email = subject.kind === 'change-email' ? subject.email : current
    if (email === undefined || (subject.kind === 'change-email' && subject.epoch !== account.epoch)) return undefined
    const sent = await this.send(organization, account, queued, 'email', { purpose: subject.kind, email })
    return sent && verificationLetter({ ...place(organization), to: email, name, ...sent })
  }

  /** The code of an earlier attempt at this letter goes; undefined where the account has had its share, or it is too late. */
  private send(organization: Organization, account: Account, queued: QueuedMail, page: string, what: Carried) {
    // Several letters go out at once: those to one account count each other.
    return this.turns.run([account.member.id], () => this.issue(organization, account, queued, page, what))
  }

  private async issue(organization: Organization, { member, epoch }: Account, queued: QueuedMail, page: string, what: Carried) {
    const now = this.clock.now()
    const org = organization.id
    const until = new Date(queued.at.getTime() + lives[what.purpose])
    if (until <= now) return undefined
    const kept = await this.secrets.list(org, member.id)
    const spent = (one: ListedSecret) => Date.parse(one.expiresAt) <= now.getTime() && !isRecent(one, now)
    const gone = kept.filter((one) => one.mail === queued.id || spent(one))
    const others = kept.filter((one) => !gone.includes(one))
    if (hadItsShare(others, what.purpose, now)) return undefined
    const times = { v: 1, createdAt: now.toISOString(), expiresAt: until.toISOString(), mail: queued.id } as const
    const row = (
      what.purpose === 'revert-email' ? { ...times, ...what, member: member.id } : { ...times, ...what, member: member.id, epoch }
    ) as SecretRow
    const { code, mutations } = this.secrets.issue(org, row)
    const cleared = gone.slice(0, 20).flatMap(({ hash }) => secretKeys(org, member.id, hash))
    const clear = cleared.map((key): Mutation => ({ op: 'delete', key }))
    await this.commit(queued, `${what.purpose}.mailed`, { kind: 'member', id: member.id }, [...clear, ...mutations])
    return { code, until, link: this.links.page(organization.name, page, code) }
  }

  private async invite(organization: Organization, queued: Written<'invite'>): Promise<Mail | undefined> {
    const org = organization.id
    const { invitation: id, nonce } = queued.subject
    const entry = await this.store.get(tenantKeys.invitation(org, id))
    if (entry === undefined) return undefined
    const invitation = readInvitation(entry)
    const now = this.clock.now()
    const { expiresAt: until, email: to } = invitation
    if (invitation.nonce !== nonce || until <= now) return undefined
    const times = { v: 1, createdAt: now.toISOString(), expiresAt: until.toISOString(), mail: queued.id } as const
    const { code, hash, mutations } = this.secrets.issue(org, { ...times, purpose: 'invite', invitation: id, nonce })
    const before = invitation.code
    await this.commit(queued, 'invitation.mailed', { kind: 'invitation', id }, [
      { op: 'put', key: entry.key, value: invitationValue({ ...invitation, code: hash }), if: { revision: entry.revision } },
      ...(before === undefined ? [] : [{ op: 'delete', key: tenantKeys.secret(org, before, 'reset') } as const]),
      ...mutations,
    ])
    const link = this.links.page(organization.name, 'invitation', code)
    return invitationLetter({ ...place(organization), to, link, code, until })
  }

  /** Nothing of it is in anybody's cache: the access epoch stays. */
  private async commit(
    { org, asked }: QueuedMail,
    action: string,
    target: { readonly kind: string; readonly id: string },
    mutations: readonly Mutation[],
  ): Promise<void> {
    const entry = { at: this.clock.now(), actor: { kind: 'plugin', id: 'mail' }, action, target }
    const log = logMutation(org, { ...entry, ...asked })
    await this.store.commit([...mutations, log], randomHex())
  }
}

function isReachable({ member }: Account): boolean {
  return member.kind === 'member' && member.status === 'active'
}
function place({ name, displayName }: Organization) {
  return { organization: displayName ?? name, org: name }
}
