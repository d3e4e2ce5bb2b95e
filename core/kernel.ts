import type { DependencyContainer } from 'tsyringe'
import { accountMailChore } from './accounts/account-mail-chore.js'
import { StoredAdvisories } from './advisories/stored-advisories.js'
import { AuditNotes } from './audit/audit-notes.js'
import { AccessPolicy } from './auth/access-policy.js'
import { Authenticator } from './auth/authenticator.js'
import { PasswordHash } from './auth/password-hash.js'
import { TokenUsage } from './auth/token-usage.js'
import { type HouseParts, houseContainer, pluginContainer } from './container.js'
import { DigestService } from './digest/digest-service.js'
import { announceListeners, listened } from './events/outbox-rows.js'
import { remindersRest } from './events/reminders.js'
import { Subscriptions } from './events/subscriptions.js'
import { addHouseChores } from './house-chores.js'
import { type HouseFigure, houseFigures } from './house-figures.js'
import { HouseSetup } from './house-setup.js'
import { HouseWork } from './house-work.js'
import { Chores } from './housekeeping/chores.js'
import { ClockWatch } from './housekeeping/clock-watch.js'
import { Leases } from './housekeeping/leases.js'
import { CountedDownloads } from './lifecycle/counted-downloads.js'
import { ReindexDesk } from './lifecycle/reindex-desk.js'
import { RepositoryAccess } from './lifecycle/repository-access.js'
import { StoredLifecycle } from './lifecycle/stored-lifecycle.js'
import { MailLinks } from './mail/mail-links.js'
import { PluginRegistry } from './plugin/plugin-registry.js'
import type { ProtocolPlugin } from './plugin/protocol-plugin.js'
import type { RouteRecord } from './plugin/route-record.js'
import { Dispatcher } from './request/dispatcher.js'
import type { HouseRequest } from './request/house-request.js'
import type { Reply } from './request/reply.js'
import { Clock } from './runtime/clock.js'
import { Limits } from './runtime/limits.js'
import { Logger } from './runtime/logger.js'
import { SingleFlight } from './runtime/single-flight.js'
import { BlobRecords } from './storage/blob-records.js'
import { BlobStore } from './storage/blob-store.js'
import { Catalog } from './storage/catalog.js'
import { ChangeCommit } from './storage/change-commit.js'
import { OrganizationKeys } from './storage/encryption/keys.js'
import { MetadataStore } from './storage/metadata-store.js'
import { ResumableUploads } from './storage/resumable-uploads.js'
import { Uploads } from './storage/staged-upload.js'
import { tenantKeys } from './storage/tenant-keys.js'
import { CallerHandles } from './tenancy/caller-scope.js'
import { ContextFactory, type ContextRequest } from './tenancy/context-factory.js'
import type { ContextSession } from './tenancy/context-session.js'
import { HouseContextFactory } from './tenancy/house-context-factory.js'
import { InstalledFormats } from './tenancy/installed-formats.js'
import { ReadOnly, readOnlyRow } from './tenancy/read-only.js'
import { Removal } from './tenancy/removal.js'
import { Tenancy } from './tenancy/tenancy.js'
import { DerivedDocuments } from './upstream/derived-documents.js'
import { Allowances } from './usage/allowances.js'
import { DownloadCounter } from './usage/download-counter.js'
import { DownloadCounts } from './usage/download-counts.js'

/** A plugin, or a class that the house makes one of: it may ask for DigestService, Clock and Logger, and for nothing else. */
export type InstallablePlugin = ProtocolPlugin | (new (...parts: never[]) => ProtocolPlugin)

/** The kernel: opens storage, installs plugins, handles requests, closes in reverse. */
export class Kernel {
  private readonly registry: PluginRegistry
  private readonly factory: HouseContextFactory
  private readonly dispatcher: Dispatcher
  private readonly subscriptions: Subscriptions
  /** What the house does for itself. */
  readonly chores: Chores
  private readonly work: HouseWork
  private readonly log: Logger
  /** Writes once a minute what was downloaded. */
  readonly downloads: DownloadCounter
  /** What the first start is made with; no address leads to it. */
  readonly setup: HouseSetup

  private constructor(
    private readonly house: DependencyContainer,
    private readonly parts: HouseParts,
  ) {
    this.log = house.resolve<Logger>(Logger)
    this.registry = house.resolve(PluginRegistry)
    this.subscriptions = new Subscriptions((organizationId, plugin, work) => this.work.atWork(organizationId, plugin, work))
    const metadata = house.resolve<MetadataStore>(MetadataStore)
    const blobs = house.resolve(BlobRecords)
    const clock = house.resolve<Clock>(Clock)
    this.chores = new Chores(metadata, new Leases(metadata, clock, undefined, parts.leaseLife), clock, this.log)
    this.factory = new HouseContextFactory(
      {
        metadata,
        tenancy: house.resolve<Tenancy>(Tenancy),
        authenticator: house.resolve<Authenticator>(Authenticator),
        policy: house.resolve<AccessPolicy>(AccessPolicy),
        handles: house.resolve<CallerHandles>(CallerHandles),
        commit: house.resolve(ChangeCommit),
        readOnly: house.resolve(ReadOnly),
        advisories: house.resolve(StoredAdvisories),
        log: this.log,
        lifecycle: (request, session) => this.lifecycleOf(request, session),
        committed: (_organizationId, events, reminders) => {
          const soon = clock.now().getTime() + remindersRest
          if (reminders.some((at) => at.getTime() < soon)) this.chores.nudge('reminders')
          if (events.length > 0 && !this.subscriptions.none) this.chores.nudge('outbox')
        },
        stores: {
          metadata,
          blobs,
          digests: house.resolve<DigestService>(DigestService),
          computing: new SingleFlight<string>(),
        },
        uploads: house.resolve(Uploads),
        resumable: house.resolve(ResumableUploads),
        catalog: house.resolve(Catalog),
        derived: house.resolve(DerivedDocuments),
        limits: house.resolve<Limits>(Limits),
        allowances: house.resolve(Allowances),
      },
      () => this.registry.routes(),
      this.chores,
    )
    house.register(ContextFactory, { useValue: this.factory })
    this.dispatcher = house.resolve(Dispatcher)
    this.setup = house.resolve(HouseSetup)
    this.downloads = house.resolve(DownloadCounter)
    const watch = new ClockWatch(metadata, clock)
    const suspension = () => watch.suspension()
    const removal = new Removal({
      metadata,
      blobs: house.resolve<BlobStore>(BlobStore),
      keys: house.resolve<OrganizationKeys>(OrganizationKeys),
      tenancy: house.resolve<Tenancy>(Tenancy),
      clock,
      rests: async (org) =>
        (await this.work.isReadOnly(org)) ||
        (await metadata.get(tenantKeys.instance('restore'))) !== undefined ||
        (await suspension()) !== undefined,
    })
    this.work = new HouseWork({
      metadata,
      tenancy: house.resolve<Tenancy>(Tenancy),
      readOnly: house.resolve(ReadOnly),
      registry: this.registry,
      factory: this.factory,
      removal,
      lastDownloads: this.lastDownloads(),
    })
    addHouseChores(this.chores, {
      house,
      watch,
      subscriptions: this.subscriptions,
      work: this.work,
      release: parts.release ?? '',
    })
    this.chores.add(accountMailChore(house, parts.mail?.mailer))
  }

  /** Checks the root key against what the store holds; throws before anything is written where it does not fit. */
  static async open(parts: HouseParts): Promise<Kernel> {
    const house = await houseContainer(parts)
    await house.resolve(PasswordHash).selfTest()
    return new Kernel(house, parts)
  }

  /** Throws with the plugin's name and the reason: half a house is never served. */
  install(plugin: InstallablePlugin, address?: string): void {
    const instance = typeof plugin === 'function' ? pluginContainer(this.house).resolve<ProtocolPlugin>(plugin as never) : plugin
    this.registry.install(instance, address)
  }

  /** Once, when all are installed. */
  async start(): Promise<void> {
    await this.registry.start(
      (plugin) => ({
        events: this.subscriptions.busFor(plugin),
        clock: this.house.resolve<Clock>(Clock),
        log: this.log.with({ plugin: plugin.name }),
        digests: this.house.resolve<DigestService>(DigestService),
      }),
      this.log,
    )
    const metadata = this.house.resolve<MetadataStore>(MetadataStore)
    for (const row of [readOnlyRow, listened]) await row.spread(metadata)
    if (!this.subscriptions.none) await announceListeners(metadata)
    this.chores.start()
    this.downloads.start()
    this.house.resolve(Allowances).start()
  }

  handle(request: HouseRequest): Promise<Reply> {
    return this.dispatcher.handle(request)
  }

  /** Where it is reached, if that is loopback: links in mails begin with it where no public address is set. */
  servedAt(url: URL): void {
    this.house.resolve<MailLinks>(MailLinks).listensAt(url)
  }

  /** Is a repository served at the root of this host name? */
  async isRootMount(hostname: string): Promise<boolean> {
    return (await this.house.resolve<Tenancy>(Tenancy).findHost(hostname)) !== undefined
  }

  routes(): readonly RouteRecord[] {
    return this.registry.routes()
  }

  plugins(): readonly ProtocolPlugin[] {
    return this.registry.list().map(({ plugin }) => plugin)
  }

  /** Queues, stores, uploads and caches, for whoever watches. */
  figures(): readonly HouseFigure[] {
    const { house, chores } = this
    return houseFigures({
      metadata: house.resolve<MetadataStore>(MetadataStore),
      clock: house.resolve<Clock>(Clock),
      chores,
      blobs: house.resolve(BlobRecords),
      documents: house.resolve(DerivedDocuments),
      uploads: house.resolve(Uploads),
    })
  }

  /** Everything that is due now: what the timer does each second. */
  async wakeReminders(): Promise<void> {
    await this.chores.run('reminders')
  }

  async close(): Promise<void> {
    await this.chores.stop()
    await this.registry.stop(this.log)
    await this.house.resolve(TokenUsage).close()
    await this.house.resolve(AuditNotes).close()
    await this.parts.leakedPasswords?.close?.()
    await this.downloads.close()
    await this.house.resolve(Allowances).close()
    await this.house.resolve(BlobRecords).settled()
    await this.house.resolve<BlobStore>(BlobStore).close()
    await this.house.resolve<MetadataStore>(MetadataStore).close()
    await this.parts.keyStore.close()
  }

  private lifecycleOf(request: ContextRequest, session: ContextSession): StoredLifecycle {
    const policy = this.house.resolve<AccessPolicy>(AccessPolicy)
    const plugin = (format: string) => this.registry.find(format)?.plugin
    const metadata = this.house.resolve<MetadataStore>(MetadataStore)
    const clock = this.house.resolve<Clock>(Clock)
    const formats = this.house.resolve<InstalledFormats>(InstalledFormats)
    const parts = { metadata, clock, policy, plugin, serves: (format: string, path: string) => formats.serves(format, path) }
    const access = new RepositoryAccess(parts, request, (cut) => this.factory.within(cut, session))
    const reindexing = new ReindexDesk(metadata, clock, access, () => this.chores.nudge('reindex'))
    return new StoredLifecycle(metadata, clock, access, this.lastDownloads(), reindexing)
  }

  private lastDownloads(): CountedDownloads {
    return new CountedDownloads(this.house.resolve(DownloadCounts))
  }
}
