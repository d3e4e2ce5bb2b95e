import { createHash, randomBytes } from 'node:crypto'
import { MailedSecrets } from '../../core/accounts/mailed-secrets.js'
import type { PasswordReset } from '../../core/accounts/password-reset.js'
import { SignInCodes } from '../../core/accounts/sign-in-codes.js'
import type { StoredAccounts } from '../../core/accounts/stored-accounts.js'
import { AuditChain } from '../../core/audit/audit-chain.js'
import { AuditNotes } from '../../core/audit/audit-notes.js'
import { FailureCounters } from '../../core/auth/failure-counters.js'
import { GuessThrottle } from '../../core/auth/guess-throttle.js'
import { MemberAccount } from '../../core/auth/member-account.js'
import { MemberTokenDesk } from '../../core/auth/member-token-desk.js'
import { CodeThrottle } from '../../core/auth/mfa/code-throttle.js'
import { SecondFactors } from '../../core/auth/mfa/second-factors.js'
import { OperatorTokens } from '../../core/auth/operator-tokens.js'
import { PasswordCheck } from '../../core/auth/password-check.js'
import { PasswordHash } from '../../core/auth/password-hash.js'
import { formatHash, parseHash } from '../../core/auth/pbkdf2-hash.js'
import type { Permission } from '../../core/auth/permission.js'
import type { Principal } from '../../core/auth/principal.js'
import { RoleAccessPolicy } from '../../core/auth/role-access-policy.js'
import { Sessions } from '../../core/auth/sessions.js'
import { SignIn } from '../../core/auth/sign-in.js'
import { StoredAuthenticator } from '../../core/auth/stored-authenticator.js'
import { StoredTokens } from '../../core/auth/stored-tokens.js'
import { TokenUsage } from '../../core/auth/token-usage.js'
import { WriteCodes } from '../../core/auth/write-codes.js'
import type { Directory } from '../../core/directory/directory.js'
import { TenantDirectory } from '../../core/directory/tenant-directory.js'
import { RegistryError } from '../../core/errors/registry-error.js'
import { MailLinks } from '../../core/mail/mail-links.js'
import { MailPost } from '../../core/mail/mail-post.js'
import { StoredAuditTrails } from '../../core/oversight/stored-audit-trail.js'
import { StoredPrivacy } from '../../core/oversight/stored-privacy.js'
import { defaultLimits } from '../../core/runtime/limits.js'
import { silentLogger } from '../../core/runtime/logger.js'
import { CallerSignatures } from '../../core/signing/caller-signatures.js'
import { SigningKeys } from '../../core/signing/signing-keys.js'
import { MemoryMetadataStore } from '../../core/storage/drivers/memory-metadata-store.js'
import type { OrganizationKeys } from '../../core/storage/encryption/keys.js'
import type { Entry, Key, MetadataStore } from '../../core/storage/metadata-store.js'
import { AccessEpoch } from '../../core/tenancy/access-epoch.js'
import type { Administration } from '../../core/tenancy/administration.js'
import type { CallerScope } from '../../core/tenancy/caller-scope.js'
import { OrganizationChange } from '../../core/tenancy/organization-change.js'
import { ReadOnly } from '../../core/tenancy/read-only.js'
import type { Repository } from '../../core/tenancy/repository.js'
import { StoredAdministration } from '../../core/tenancy/stored-administration.js'
import type { StoredContents } from '../../core/tenancy/stored-contents.js'
import { StoredHandles } from '../../core/tenancy/stored-handles.js'
import { StoredOrganizationRegister } from '../../core/tenancy/stored-organization-register.js'
import { StoredTenancy } from '../../core/tenancy/stored-tenancy.js'
import { DownloadCounts } from '../../core/usage/download-counts.js'
import { FixedClock } from './fixed-clock.js'

const noAccounts = {} as StoredAccounts
const noPasswordChanges = {} as PasswordReset
/** Nothing lies in these repositories. */
const nothingStored = {} as StoredContents
export const operator: Principal = { kind: 'operator', id: 'op_test' }
const away = '198.51.100.7'

/** A store in memory that counts what is asked of it. */
export class CountingStore extends MemoryMetadataStore {
  gets = 0
  ranges = 0
  override range(...asked: Parameters<MemoryMetadataStore['range']>): ReturnType<MemoryMetadataStore['range']> {
    this.ranges += 1
    return super.range(...asked)
  }
  override get(key: Key): Promise<Entry | undefined> {
    this.gets += 1
    return super.get(key)
  }
}

/** Counts derivations, so that a test sees what a cache or a limit saved. */
export class CountingHash extends PasswordHash {
  checks = 0
  override verify(password: string, phc: string): Promise<boolean> {
    this.checks += 1
    return super.verify(password, phc)
  }
}

/** In the form of today, at no price: for tests of ten thousand guesses. */
export class QuickHash extends CountingHash {
  override async hash(password: string): Promise<string> {
    return quick(password, randomBytes(12))
  }
  override async verify(password: string, phc: string): Promise<boolean> {
    this.checks += 1
    return phc === quick(password, parseHash(phc)?.salt ?? Buffer.alloc(12))
  }
}
function quick(password: string, salt: Buffer): string {
  const hash = createHash('sha512').update(salt).update(password).digest()
  return formatHash({ iterations: 50_000, salt, hash })
}

export class NotedKeys implements OrganizationKeys {
  readonly made: string[] = []
  readonly destroyed: string[] = []
  async create(id: string): Promise<void> {
    this.made.push(id)
  }
  async destroy(id: string): Promise<void> {
    this.destroyed.push(id)
  }
  wrap(): never {
    throw new Error('nothing is wrapped here')
  }
  unwrap(): never {
    throw new Error('nothing is unwrapped here')
  }
}

/** Tenants and people of one process over a store; a second one over the same store is a second process. */
export class People {
  readonly clock: FixedClock
  readonly store: CountingStore
  readonly keys = new NotedKeys()
  readonly policy = new RoleAccessPolicy()
  readonly tenancy: StoredTenancy
  readonly authenticator: StoredAuthenticator
  readonly usage: TokenUsage
  readonly operators: OperatorTokens
  readonly tokens: StoredTokens
  readonly handles: StoredHandles

  constructor(
    store = new CountingStore(),
    clock = new FixedClock(),
    readonly hashes: CountingHash = new CountingHash(),
  ) {
    this.store = store
    this.clock = clock
    const metadata: MetadataStore = store
    const counters = new FailureCounters(metadata, clock)
    const notes = new AuditNotes(metadata, clock, silentLogger)
    const throttle = new GuessThrottle(metadata, counters, clock)
    this.tenancy = new StoredTenancy(metadata, new AccessEpoch(metadata), clock)
    this.operators = new OperatorTokens(metadata, clock)
    this.usage = new TokenUsage(metadata, clock, silentLogger)
    const passwords = new PasswordCheck(metadata, this.hashes, throttle, notes, clock, silentLogger)
    const codeThrottle = new CodeThrottle(counters, clock)
    const factors = new SecondFactors(metadata, this.keys, codeThrottle, notes, clock)
    const post = new MailPost(new MailLinks(), false)
    const codes = new SignInCodes(new MailedSecrets(metadata), post, codeThrottle, notes, clock)
    const signIns = new SignIn(passwords, factors, codes, throttle, clock)
    const sessions = new Sessions(metadata, clock)
    this.authenticator = new StoredAuthenticator(
      this.tenancy,
      passwords,
      signIns,
      sessions,
      this.operators,
      throttle,
      this.usage,
      clock,
    )
    this.tokens = new StoredTokens(metadata, clock)
    const formats = {
      formats: () => [
        { name: 'raw', version: '1.0.0' },
        { name: 'npm', version: '2.0.0' },
      ],
      serves: () => true,
      settings: () => [],
    }
    const signing = new SigningKeys(metadata, this.keys, clock)
    const chain = new AuditChain(metadata, clock)
    const directories = new TenantDirectory(metadata, clock, this.hashes, post)
    this.handles = new StoredHandles(
      directories,
      new StoredAdministration(
        metadata,
        this.tenancy,
        this.policy,
        formats,
        this.tokens,
        clock,
        new DownloadCounts(metadata),
        signing,
        defaultLimits,
        factors,
        post,
      ),
      new MemberTokenDesk(this.tokens, clock),
      new MemberAccount(metadata, this.tenancy, signIns, sessions, factors, codes, noPasswordChanges, throttle, post, clock),
      new WriteCodes(factors, throttle),
      new StoredOrganizationRegister(metadata, this.keys, clock, new ReadOnly(metadata)),
      nothingStored,
      new CallerSignatures(signing, clock),
      new StoredAuditTrails(metadata, clock, chain, notes, silentLogger, directories),
      noAccounts,
      new StoredPrivacy(metadata, clock, directories, chain, notes),
    )
  }

  register(principal: Principal = operator) {
    return this.handles.organizations({ principal, requestId: 'req_1' })
  }
  async scope(org: string, principal: Principal = operator): Promise<CallerScope> {
    const tenant = await this.tenancy.open(org)
    const permits = (permission: Permission, repository?: Repository) =>
      this.policy.permits(tenant, principal, permission, repository === undefined ? {} : { repository })
    return {
      tenant,
      principal,
      requestId: 'req_1',
      permits,
      require(permission, repository) {
        if (!permits(permission, repository)) throw new RegistryError('forbidden', `needs ${permission}`)
      },
    }
  }
  async directory(org: string, principal?: Principal): Promise<Directory> {
    return this.handles.directory(await this.scope(org, principal))
  }
  async administration(org: string, principal?: Principal): Promise<Administration> {
    return this.handles.administration(await this.scope(org, principal))
  }
  async desk(org: string, principal: Principal) {
    return this.handles.tokens(await this.scope(org, principal))
  }

  async bearer(org: string, token: string, address = away): Promise<Principal> {
    const tenant = await this.tenancy.open(org)
    return this.authenticator.authenticate(tenant, { authorization: `Bearer ${token}`, address }, 'repository')
  }
  async basic(org: string, login: string, password: string, address = away): Promise<Principal> {
    const authorization = `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`
    return this.authenticator.authenticate(await this.tenancy.open(org), { authorization, address }, 'repository')
  }
  async signIn(org: string, login: string, password: string): Promise<Principal> {
    return this.authenticator.signIn(await this.tenancy.open(org), login, password, { address: away })
  }
}

/** Rows put by hand, for what nothing in the house makes yet. */
export function changeOf(people: People, org: string): OrganizationChange {
  return new OrganizationChange(people.store, org, {
    at: people.clock.now(),
    actor: { kind: 'operator', id: 'op_test' },
    action: 'test',
  })
}

/** What a promise was refused with: its kind, or 'fine'. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'fine'
  } catch (thrown) {
    if (thrown instanceof RegistryError) return thrown.kind
    throw thrown
  }
}
export async function refusal(promise: Promise<unknown>): Promise<RegistryError> {
  try {
    await promise
  } catch (thrown) {
    if (thrown instanceof RegistryError) return thrown
    throw thrown
  }
  throw new Error('nothing was refused')
}
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
