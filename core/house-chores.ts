import type { DependencyContainer } from 'tsyringe'
import { ScimTokenLetters } from './accounts/scim-token-letters.js'
import { AuditChain } from './audit/audit-chain.js'
import { AuditChore } from './audit/audit-chore.js'
import { TenantDirectory } from './directory/tenant-directory.js'
import { Outbox } from './events/outbox.js'
import { Reminders } from './events/reminders.js'
import type { Subscriptions } from './events/subscriptions.js'
import type { HouseWork } from './house-work.js'
import { BatchEnds } from './housekeeping/batch-ends.js'
import type { Chores } from './housekeeping/chores.js'
import type { ClockWatch } from './housekeeping/clock-watch.js'
import { ExpiredUploads } from './housekeeping/expired-uploads.js'
import { Sweep } from './housekeeping/sweep.js'
import { CleanupChore } from './lifecycle/cleanup-chore.js'
import { ReindexChore } from './lifecycle/reindex-chore.js'
import { MailPost } from './mail/mail-post.js'
import { ErasureChore } from './oversight/erasure-chore.js'
import { PluginRegistry } from './plugin/plugin-registry.js'
import { Clock } from './runtime/clock.js'
import { Limits } from './runtime/limits.js'
import { Logger } from './runtime/logger.js'
import { BlobStore } from './storage/blob-store.js'
import { SealedBlobs } from './storage/encryption/sealed-blobs.js'
import { MetadataStore } from './storage/metadata-store.js'
import { ResumableUploads } from './storage/resumable-uploads.js'
import { tenantKeys } from './storage/tenant-keys.js'
import { Tenancy } from './tenancy/tenancy.js'
import { UsageChore } from './usage/usage-chore.js'

interface ChoreParts {
  readonly house: DependencyContainer
  readonly watch: ClockWatch
  readonly subscriptions: Subscriptions
  readonly work: HouseWork
  readonly release: string
}

/** What the house does for itself, each by one holder of a lease. */
export function addHouseChores(chores: Chores, { house, watch, subscriptions, work, release }: ChoreParts): void {
  const metadata = house.resolve<MetadataStore>(MetadataStore)
  const clock = house.resolve<Clock>(Clock)
  const log = house.resolve<Logger>(Logger)
  const registry = house.resolve(PluginRegistry)
  const suspension = () => watch.suspension()
  chores.add(
    new CleanupChore({
      metadata,
      clock,
      log: log,
      suspension,
      within: (org, repository, clean) => work.cleaning(org, repository, clean),
    }),
  )
  chores.add(
    new ReindexChore({
      metadata,
      clock,
      log: log,
      tenancy: house.resolve<Tenancy>(Tenancy),
      isReadOnly: (org) => work.isReadOnly(org),
      plugin: (format) => registry.find(format)?.plugin,
    }),
  )
  chores.add(watch)
  chores.add(new ExpiredUploads(metadata, house.resolve(ResumableUploads), suspension))
  chores.add(new BatchEnds(metadata, clock, () => chores.nudge('outbox'), suspension))
  chores.add(new Outbox(metadata, clock, subscriptions, log))
  chores.add(new UsageChore(metadata, clock, suspension))
  chores.add(
    new AuditChore({
      store: metadata,
      clock,
      chain: house.resolve(AuditChain),
      days: house.resolve<Limits>(Limits).auditDays,
      suspension,
      held: async (org) =>
        (await metadata.get(tenantKeys.instance('restore'))) !== undefined ||
        (await metadata.get(tenantKeys.legalHold(org))) !== undefined,
    }),
  )
  chores.add(
    new ErasureChore({
      store: metadata,
      clock,
      tenancy: house.resolve<Tenancy>(Tenancy),
      directories: house.resolve(TenantDirectory),
      chain: house.resolve(AuditChain),
      suspension,
      forget: (org, person) => work.forgetting(org, person),
    }),
  )
  chores.add(new ScimTokenLetters({ store: metadata, clock, post: house.resolve(MailPost), suspension }))
  chores.add(new Reminders(metadata, clock, (reminder) => work.remind(reminder), log))
  chores.add(
    new Sweep({
      metadata,
      blobs: house.resolve<BlobStore>(BlobStore),
      sealed: house.resolve<SealedBlobs>(SealedBlobs),
      clock,
      limits: house.resolve<Limits>(Limits),
      log: log,
      watch,
      release,
    }),
  )
}
