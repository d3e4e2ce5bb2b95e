import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProtocolPlugin } from '#core'
import { bundledPlugins } from './bundled-plugins.js'

export interface LoadedPlugin {
  readonly plugin: ProtocolPlugin
  /** Where its module can be loaded from again; undefined for one that came with the house. */
  readonly address?: string
}

/** By the name of a bundled plugin, a path ('./x.js', '/x.js') or a module's name. Throws, naming it, when there is no plugin of the contract to be had. */
export async function loadPlugin(name: string, folder = process.cwd()): Promise<LoadedPlugin> {
  const bundled = Object.hasOwn(bundledPlugins, name) ? bundledPlugins[name] : undefined
  const isPath = /^(?:\.{1,2})?[/\\]|^[a-z]:\\/i.test(name)
  const address = isPath ? pathToFileURL(resolve(folder, name)).href : name
  let module: { default?: unknown }
  try {
    module = (await (bundled ? bundled() : import(address))) as { default?: unknown }
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? cause.name) : String(cause)
    throw new Error(`Plugin '${name}' cannot be loaded: ${reason}`, { cause })
  }
  const plugin = module.default
  if (!isPlugin(plugin)) throw new Error(`Plugin '${name}' has no default export with name, version, contract and mounts`)
  return bundled ? { plugin } : { plugin, address }
}

/** The shape alone; what it says is for the kernel to judge. */
function isPlugin(value: unknown): value is ProtocolPlugin {
  if (value === null || typeof value !== 'object') return false
  const { name, version, contract, mounts } = value as Partial<Record<keyof ProtocolPlugin, unknown>>
  return typeof name === 'string' && typeof version === 'string' && typeof contract === 'number' && Array.isArray(mounts)
}
