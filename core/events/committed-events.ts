import type { ProtocolPlugin } from '../plugin/protocol-plugin.js'
import type { Logger } from '../runtime/logger.js'
import type { OrganizationContext } from '../tenancy/organization-context.js'
import type { EventBus, Events } from './event-bus.js'

type Listener = {
  readonly plugin: ProtocolPlugin
  readonly listen: (event: never, context: OrganizationContext) => Promise<void>
}

/** Opens a context for a plugin at work in an organization, and closes it after the work. */
export type PluginAtWork = (
  organizationId: string,
  plugin: ProtocolPlugin,
  work: (context: OrganizationContext) => Promise<void>,
) => Promise<void>

/** Tells plugins what was committed, from the rows that the commit itself wrote, after its answer was given. */
export class CommittedEvents {
  private readonly listeners = new Map<string, Listener[]>()
  private readonly running = new Set<Promise<void>>()

  constructor(
    private readonly work: PluginAtWork,
    private readonly log: Logger,
  ) {}

  /** The bus as one plugin sees it. */
  busFor(plugin: ProtocolPlugin): EventBus {
    return {
      subscribe: <K extends keyof Events>(
        kind: K,
        listener: (event: Events[K], context: OrganizationContext) => Promise<void>,
      ) => {
        const list = this.listeners.get(kind) ?? []
        list.push({ plugin, listen: listener as Listener['listen'] })
        this.listeners.set(kind, list)
      },
    }
  }

  publish(organizationId: string, events: readonly object[]): void {
    for (const event of events) {
      const kind = (event as { readonly kind?: unknown }).kind
      if (typeof kind !== 'string') continue
      for (const { plugin, listen } of this.listeners.get(kind) ?? []) {
        const told: Promise<void> = this.work(organizationId, plugin, (context) => listen(event as never, context))
          .catch((thrown: unknown) => this.log.error('event.listener-failed', { plugin: plugin.name, kind, cause: thrown }))
          .finally(() => this.running.delete(told))
        this.running.add(told)
      }
    }
  }

  /** Until everything told so far has been heard. */
  async drain(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running)
  }
}
