import type { ProtocolPlugin } from '../plugin/protocol-plugin.js'
import type { JsonObject } from '../runtime/json.js'
import type { OrganizationContext } from '../tenancy/organization-context.js'
import type { EventBus, Events } from './event-bus.js'

type Listen = (event: never, context: OrganizationContext) => Promise<void>
interface Subscriber {
  readonly plugin: ProtocolPlugin
  readonly listeners: { readonly kind: string; readonly listen: Listen }[]
}

/** Opens a context for a plugin at work in an organization, and closes it after the work. */
export type PluginAtWork = (
  organizationId: string,
  plugin: ProtocolPlugin,
  work: (context: OrganizationContext) => Promise<void>,
) => Promise<void>

/** A listener that takes longer has failed, and is asked again later. */
const patience = 60_000

export class ListenerLate extends Error {
  override readonly name = 'ListenerLate'
  constructor() {
    super('the listener took too long')
  }
}

/** Who listens to what. */
export class Subscriptions {
  private readonly subscribers = new Map<string, Subscriber>()

  constructor(
    private readonly work: PluginAtWork,
    private readonly longest = patience,
  ) {}

  /** The bus as one plugin sees it. */
  busFor(plugin: ProtocolPlugin): EventBus {
    return {
      subscribe: <K extends keyof Events>(
        kind: K,
        listener: (event: Events[K], context: OrganizationContext) => Promise<void>,
      ) => {
        const subscriber = this.subscribers.get(plugin.name) ?? { plugin, listeners: [] }
        subscriber.listeners.push({ kind, listen: listener as Listen })
        this.subscribers.set(plugin.name, subscriber)
      },
    }
  }

  /** Nobody listens to anything. */
  get none(): boolean {
    return this.subscribers.size === 0
  }

  /** The plugins that listen to any of these. */
  listeners(events: readonly JsonObject[]): readonly string[] {
    const kinds = new Set(events.map(({ kind }) => kind))
    return [...this.subscribers.values()]
      .filter(({ listeners }) => listeners.some(({ kind }) => kinds.has(kind)))
      .map(({ plugin }) => plugin.name)
  }

  /** Each event in turn. Throws what a listener threw, or where it takes too long; a plugin that no longer listens has heard everything. */
  async tell(organizationId: string, plugin: string, events: readonly JsonObject[]): Promise<void> {
    const subscriber = this.subscribers.get(plugin)
    if (!subscriber) return
    for (const event of events)
      for (const { kind, listen } of subscriber.listeners)
        if (kind === event['kind'])
          await this.within(this.work(organizationId, subscriber.plugin, (context) => listen(event as never, context)))
  }

  private async within(telling: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ListenerLate()), this.longest)
    })
    try {
      await Promise.race([telling, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
