import 'reflect-metadata'
import { container, type DependencyContainer } from 'tsyringe'
import { AuditNotes } from './audit/audit-notes.js'
import { AccessPolicy } from './auth/access-policy.js'
import { Authenticator } from './auth/authenticator.js'
import { GuessThrottle } from './auth/guess-throttle.js'
import { LeakedPasswords, noneLeaked } from './auth/leaked-passwords.js'
import { SecondFactors } from './auth/mfa/second-factors.js'
import { PasswordCheck } from './auth/password-check.js'
import { PasswordHash, PasswordScheme } from './auth/password-hash.js'
import { RoleAccessPolicy } from './auth/role-access-policy.js'
import { StoredAuthenticator } from './auth/stored-authenticator.js'
import { TokenUsage } from './auth/token-usage.js'
import { DigestService } from './digest/digest-service.js'
import { NodeDigestService } from './digest/node-digest-service.js'
import { MailLinks } from './mail/mail-links.js'
import { MailCarried } from './mail/mail-post.js'
import type { Mailer } from './mail/mailer.js'
import { PluginRegistry } from './plugin/plugin-registry.js'
import { RequestRates } from './request/request-rates.js'
import { Clock, SystemClock } from './runtime/clock.js'
import { checkLimits, defaultLimits, Limits } from './runtime/limits.js'
import { Logger, silentLogger } from './runtime/logger.js'
import { SigningKeys } from './signing/signing-keys.js'
import { BlobRecords } from './storage/blob-records.js'
import { BlobStore } from './storage/blob-store.js'
import { Catalog } from './storage/catalog.js'
import { ChangeCommit } from './storage/change-commit.js'
import { OrganizationKeys } from './storage/encryption/keys.js'
import type { RootKeyProvider } from './storage/encryption/root-key.js'
import { checkCanary } from './storage/encryption/root-key-canary.js'
import { SealedBlobStore } from './storage/encryption/sealed-blob-store.js'
import { SealedBlobs } from './storage/encryption/sealed-blobs.js'
import { StoredOrganizationKeys } from './storage/encryption/stored-organization-keys.js'
import { MetadataStore } from './storage/metadata-store.js'
import { ResumableUploads } from './storage/resumable-uploads.js'
import { Uploads } from './storage/staged-upload.js'
import { AccessEpoch } from './tenancy/access-epoch.js'
import { CallerHandles } from './tenancy/caller-scope.js'
import { InstalledFormats } from './tenancy/installed-formats.js'
import { ReadOnly } from './tenancy/read-only.js'
import { StoredHandles } from './tenancy/stored-handles.js'
import { StoredTenancy } from './tenancy/stored-tenancy.js'
import { Tenancy } from './tenancy/tenancy.js'
import { DerivedDocuments } from './upstream/derived-documents.js'
import { Allowances } from './usage/allowances.js'
import { DownloadCounter } from './usage/download-counter.js'

/** What a house is made of; the caller opens the stores, the kernel closes them. */
export interface HouseParts {
  readonly blobs: BlobStore
  readonly metadata: MetadataStore
  /** Of its own: the wrapped keys of organizations, left out of data backups (security guide 2.1). */
  readonly keyStore: MetadataStore
  readonly rootKey: RootKeyProvider
  readonly clock?: Clock
  readonly logger?: Logger
  readonly limits?: Partial<Limits>
  /** Of the software: the first run of the sweeper under another one removes nothing. */
  readonly release?: string
  /** Milliseconds without a sign of life after which another process takes a chore over; 15,000. */
  readonly leaseLife?: number
  /** Who carries mail, and what its links begin with: else the listener's own address, where that is loopback. Without it no mail goes out. */
  readonly mail?: { readonly mailer: Mailer; readonly publicUrl?: URL }
  /** Default 'pbkdf2-blake2b512'. */
  readonly passwordScheme?: PasswordScheme
  /** Passwords that nobody may set; the kernel closes it. */
  readonly leakedPasswords?: LeakedPasswords
  /** Default 'app'. */
  readonly encryption?: 'app' | 'off'
}

/** What keeps something between two requests: a cache, a limit, a queue, the list of plugins. */
const singletons: readonly (new (...parts: never[]) => object)[] = [
  AccessEpoch,
  Allowances,
  AuditNotes,
  BlobRecords,
  Catalog,
  ChangeCommit,
  DerivedDocuments,
  DownloadCounter,
  GuessThrottle,
  PasswordCheck,
  PasswordHash,
  PluginRegistry,
  ReadOnly,
  RequestRates,
  ResumableUploads,
  SecondFactors,
  SigningKeys,
  TokenUsage,
  Uploads,
]

/** The one file that binds tokens to classes and lifetimes: one of each in a house, nothing in the process-wide container. */
export async function houseContainer(parts: HouseParts): Promise<DependencyContainer> {
  const house = container.createChildContainer()
  const clock = parts.clock ?? new SystemClock()
  const logger = parts.logger ?? silentLogger
  const limits = { ...defaultLimits, ...parts.limits }
  checkLimits(limits)
  const keys = new StoredOrganizationKeys(parts.keyStore, parts.rootKey, clock)
  await checkCanary(parts.keyStore, parts.metadata, parts.rootKey)
  house.register(BlobStore, { useValue: parts.blobs })
  house.register(MetadataStore, { useValue: parts.metadata })
  house.register(Clock, { useValue: clock })
  house.register(Logger, { useValue: logger })
  house.register(Limits, { useValue: limits })
  house.register(MailLinks, { useValue: new MailLinks(parts.mail?.publicUrl) })
  house.register(MailCarried, { useValue: parts.mail !== undefined })
  house.register(LeakedPasswords, { useValue: parts.leakedPasswords ?? noneLeaked })
  house.register(PasswordScheme, { useValue: parts.passwordScheme ?? 'pbkdf2-blake2b512' })
  house.register(DigestService, { useValue: await NodeDigestService.open() })
  house.register(OrganizationKeys, { useValue: keys })
  house.register(SealedBlobs, { useValue: new SealedBlobStore(parts.blobs, keys, parts.encryption ?? 'app', logger, clock) })
  for (const one of singletons) house.registerSingleton(one as new () => object)
  house.registerSingleton(Tenancy, StoredTenancy)
  house.registerSingleton(Authenticator, StoredAuthenticator)
  house.registerSingleton(AccessPolicy, RoleAccessPolicy)
  house.registerSingleton(CallerHandles, StoredHandles)
  house.register(InstalledFormats, { useToken: PluginRegistry })
  return house
}

/** A sibling of the kernel's container for plugins that are classes: a driver asked for here is not found, and the start fails. */
export function pluginContainer(house: DependencyContainer): DependencyContainer {
  const sibling = container.createChildContainer()
  sibling.register(DigestService, { useValue: house.resolve<DigestService>(DigestService) })
  sibling.register(Clock, { useValue: house.resolve<Clock>(Clock) })
  sibling.register(Logger, { useValue: house.resolve<Logger>(Logger) })
  return sibling
}
