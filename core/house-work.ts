import type { Reminder } from './events/reminders.js'
import { Cleanup } from './lifecycle/cleanup.js'
import type { CountedDownloads } from './lifecycle/counted-downloads.js'
import type { ErasedPerson } from './oversight/erasure-rows.js'
import type { PluginRegistry } from './plugin/plugin-registry.js'
import type { ProtocolPlugin } from './plugin/protocol-plugin.js'
import { randomHex } from './runtime/identifiers.js'
import type { MetadataStore } from './storage/metadata-store.js'
import type { ContextRequest } from './tenancy/context-factory.js'
import type { HouseContextFactory } from './tenancy/house-context-factory.js'
import type { OrganizationContext } from './tenancy/organization-context.js'
import type { ReadOnly } from './tenancy/read-only.js'
import type { Removal } from './tenancy/removal.js'
import type { Tenancy } from './tenancy/tenancy.js'

interface HouseWorkParts {
  readonly metadata: MetadataStore
  readonly tenancy: Tenancy
  readonly readOnly: ReadOnly
  readonly registry: PluginRegistry
  readonly factory: HouseContextFactory
  readonly removal: Removal
  readonly lastDownloads: CountedDownloads
}

/** What plugins do without a request: their reminders, the events they listen to, the clean-up by their rules. */
export class HouseWork {
  constructor(private readonly parts: HouseWorkParts) {}

  /** Runs the clean-up of a repository, where it still is there, its format enabled and its rows may be written. */
  async cleaning(organizationId: string, repositoryId: string, work: (cleanup: Cleanup) => Promise<void>): Promise<void> {
    const repository = (await this.parts.tenancy.openById(organizationId)).findRepositoryById(repositoryId)
    const plugin = repository && this.parts.registry.find(repository.format)?.plugin
    if (!repository || !plugin?.keeping) return
    const request = await this.request(organizationId, plugin)
    const { disabledFormats } = request.tenant.organization
    if (disabledFormats.includes(repository.format) || (await this.isReadOnly(organizationId))) return
    const { context, close } = this.parts.factory.repository({ ...request, repository })
    try {
      await work(new Cleanup(this.parts.metadata, { context, plugin, keeping: plugin.keeping }, this.parts.lastDownloads))
    } finally {
      await close()
    }
  }

  /** Takes the names of a person out of every repository of an organization. How many packages were changed. */
  async forgetting(organizationId: string, person: ErasedPerson): Promise<number> {
    let count = 0
    for (const repository of (await this.parts.tenancy.openById(organizationId)).repositories()) {
      const plugin = this.parts.registry.find(repository.format)?.plugin
      if (repository.kind !== 'hosted' || !plugin?.forget) continue
      const { context, close } = this.parts.factory.repository({ ...(await this.request(organizationId, plugin)), repository })
      try {
        count += await plugin.forget(person, context)
      } finally {
        await close()
      }
    }
    return count
  }

  async isReadOnly(organizationId: string): Promise<boolean> {
    const { organization } = await this.parts.tenancy.openById(organizationId)
    return organization.readOnly !== undefined || (await this.parts.readOnly.reason()) !== undefined
  }

  async atWork(
    organizationId: string,
    plugin: ProtocolPlugin,
    work: (context: OrganizationContext) => Promise<void>,
  ): Promise<void> {
    const { context, close } = this.parts.factory.organization(await this.request(organizationId, plugin))
    try {
      await work(context)
    } finally {
      await close()
    }
  }

  /** When to come again, where it is too early. */
  async remind(reminder: Reminder): Promise<Date | undefined> {
    // The house's own: what was removed is cleaned up behind.
    if (reminder.plugin === '-') return this.parts.removal.sweep(reminder.organizationId, reminder.repositoryId)
    const plugin = this.parts.registry.find(reminder.plugin)?.plugin
    const request = plugin?.remind && (await this.request(reminder.organizationId, plugin))
    const repository = request?.tenant.findRepositoryById(reminder.repositoryId)
    // A plugin that is gone, or a repository that was removed: nobody is left to wake, unless it is brought back.
    if (!plugin?.remind || !request) return undefined
    if (!repository) return this.parts.removal.mayReturn(reminder.organizationId, reminder.repositoryId)
    const { context, close } = this.parts.factory.repository({ ...request, repository })
    try {
      await plugin.remind(reminder.key, context)
      return undefined
    } finally {
      await close()
    }
  }

  private async request(organizationId: string, plugin: ProtocolPlugin): Promise<ContextRequest> {
    return {
      tenant: await this.parts.tenancy.openById(organizationId),
      plugin,
      principal: { kind: 'plugin', name: plugin.name },
      ceiling: 'artifacts.delete',
      // Nothing that is made without a request may hold an absolute link.
      mountUrl: new URL('about:blank'),
      requestId: randomHex(8),
      credentials: { address: '' },
    }
  }
}
