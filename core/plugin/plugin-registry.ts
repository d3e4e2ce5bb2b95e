import { RegistryError } from '../errors/registry-error.js'
import type { Logger } from '../runtime/logger.js'
import type { PluginKit, ProtocolPlugin } from './protocol-plugin.js'
import type { RouteRecord } from './route-record.js'
import { RouteTable, refused } from './route-table.js'

export interface InstalledPlugin {
  readonly plugin: ProtocolPlugin
  readonly table: RouteTable
  /** Where its module was loaded from, for workers to load it again; undefined for one handed in as an object. */
  readonly address?: string
}

/** The contract's major that this house speaks. */
const contract = 1
const pluginName = /^[a-z][a-z0-9-]{0,31}$/

/** Installed plugins by name, in the order of their installation. */
export class PluginRegistry {
  readonly #installed = new Map<string, InstalledPlugin>()
  readonly #origin = new Map<string, string>()
  #begun: InstalledPlugin[] = []

  /** Throws `invalid` with code 'plugin-refused' and the reason, naming the plugin; nothing is then installed. */
  install(plugin: ProtocolPlugin, address?: string): InstalledPlugin {
    const name: unknown = plugin?.name
    if (typeof name !== 'string' || !pluginName.test(name)) {
      throw refused(String(name), 'its name has to be one lower-case word of at most 32 letters')
    }
    if (this.#installed.has(name)) throw refused(name, 'the name is taken')
    if (plugin.contract !== contract) {
      throw refused(name, `written for contract ${String(plugin.contract)}, this house speaks ${contract}`)
    }
    if (typeof plugin.version !== 'string' || plugin.version === '') throw refused(name, 'it does not say its version')
    if (!Array.isArray(plugin.mounts)) throw refused(name, 'it has no list of mounts')
    const table = new RouteTable(plugin)
    const origin = table.signatures('origin')
    for (const signature of origin) {
      const owner = this.#origin.get(signature)
      if (owner !== undefined) throw refused(name, `its origin route ${signature} is that of '${owner}'`)
    }
    for (const signature of origin) this.#origin.set(signature, name)
    const installed: InstalledPlugin = { plugin, table, ...(address === undefined ? {} : { address }) }
    this.#installed.set(name, installed)
    return installed
  }

  find(name: string): InstalledPlugin | undefined {
    return this.#installed.get(name)
  }

  list(): readonly InstalledPlugin[] {
    return [...this.#installed.values()]
  }

  /** What repositories can be made of: the plugins with a repository mount. */
  formats(): readonly { readonly name: string; readonly version: string }[] {
    return this.list()
      .filter(({ table }) => table.mount('repository') !== undefined)
      .map(({ plugin }) => ({ name: plugin.name, version: plugin.version }))
  }

  /** Is there a reading route at this path below a repository of the format? */
  serves(format: string, path: string): boolean {
    const match = this.#installed.get(format)?.table.match('repository', 'GET', path.split('/'), false)
    return match?.kind === 'route' && match.route.permission === 'artifacts.read'
  }

  /** Is this what some format declares to be nowhere? */
  isAbsent(method: string, path: string): boolean {
    const asked = `${method} ${path}`
    for (const { table } of this.#installed.values()) if (table.mount('repository')?.absent?.includes(asked)) return true
    return false
  }

  settings(format: string, repository: { readonly name: string; readonly url: URL }) {
    return this.#installed.get(format)?.plugin.settings?.(repository) ?? []
  }

  routes(): readonly RouteRecord[] {
    return this.list().flatMap(({ table }) => table.list())
  }

  /** In the order of installation. A plugin that fails stops the start: those begun before it, and it itself, are stopped, and its failure is thrown. */
  async start(kitFor: (plugin: ProtocolPlugin) => PluginKit, log: Logger): Promise<void> {
    for (const installed of this.#installed.values()) {
      this.#begun.push(installed)
      try {
        await installed.plugin.start?.(kitFor(installed.plugin))
      } catch (thrown) {
        await this.stop(log)
        const { name } = installed.plugin
        const reason = thrown instanceof Error ? thrown.message : String(thrown)
        throw new RegistryError('internal', `Plugin '${name}' did not start: ${reason}`, {
          detail: { code: 'plugin-start', plugin: name },
          cause: thrown,
        })
      }
    }
  }

  /** In reverse order, each once; one that fails is logged and does not keep the others. */
  async stop(log: Logger): Promise<void> {
    const begun = this.#begun.reverse()
    this.#begun = []
    for (const { plugin } of begun) {
      try {
        await plugin.stop?.()
      } catch (cause) {
        log.error('plugin.stop-failed', { plugin: plugin.name, cause })
      }
    }
  }
}
