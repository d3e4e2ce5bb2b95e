import { expect } from 'chai'
import { RegistryError } from '../../../core/errors/registry-error.js'
import { PluginRegistry } from '../../../core/plugin/plugin-registry.js'
import type { PluginKit, ProtocolPlugin } from '../../../core/plugin/protocol-plugin.js'
import { originRoute } from '../../../core/plugin/route.js'
import { empty } from '../../../core/request/reply.js'
import { silentLogger } from '../../../core/runtime/logger.js'

const kit = () => ({}) as PluginKit
const plugin = (name: string, more: Partial<ProtocolPlugin> = {}): ProtocolPlugin => ({
  name,
  version: '1.0.0',
  contract: 1,
  mounts: [{ scope: 'repository', routes: [] }],
  ...more,
})

describe('plugin registry', () => {
  it('remembers plugins by name, in order, with the address of their module', () => {
    const registry = new PluginRegistry()
    registry.install(plugin('maven'), 'file:///plugins/maven.js')
    registry.install(plugin('scim', { mounts: [{ scope: 'organization', routes: [] }] }))
    registry.install(plugin('npm', { version: '2.1.0' }))
    expect(registry.list().map(({ plugin: { name } }) => name)).to.deep.equal(['maven', 'scim', 'npm'])
    expect(registry.find('maven')?.address).to.equal('file:///plugins/maven.js')
    expect(registry.find('pypi')).to.equal(undefined)
    expect(registry.formats()).to.deep.equal([
      { name: 'maven', version: '1.0.0' },
      { name: 'npm', version: '2.1.0' },
    ])
  })
  it('refuses names that are none, names that are taken, and another contract, naming the plugin', () => {
    const registry = new PluginRegistry()
    registry.install(plugin('raw'))
    for (const name of ['', 'Raw', '-', 'a/b', '9x', 'x'.repeat(33)]) {
      expect(() => registry.install(plugin(name)), name).to.throw(RegistryError, `Plugin '${name}' is refused: its name`)
    }
    expect(() => registry.install(plugin('raw'))).to.throw("Plugin 'raw' is refused: the name is taken")
    expect(() => registry.install(plugin('new', { contract: 2 as 1 }))).to.throw(
      "Plugin 'new' is refused: written for contract 2, this house speaks 1",
    )
    expect(() => registry.install(plugin('odd', { mounts: undefined as unknown as [] }))).to.throw('no list of mounts')
    expect(registry.list()).to.have.length(1)
  })
  it('refuses an origin route that another plugin has', () => {
    const exchange = (param: string) =>
      originRoute({ method: 'POST', path: `/_/oidc/{${param}}`, permission: 'none', handle: async () => empty(204) })
    const registry = new PluginRegistry()
    registry.install(plugin('one', { mounts: [{ scope: 'origin', routes: [exchange('a')] }] }))
    expect(() => registry.install(plugin('two', { mounts: [{ scope: 'origin', routes: [exchange('b')] }] }))).to.throw(
      "Plugin 'two' is refused: its origin route POST /_/oidc/{} is that of 'one'",
    )
  })
  it('starts in order and stops in reverse, each once', async () => {
    const told: string[] = []
    const registry = new PluginRegistry()
    for (const name of ['a', 'b', 'c']) {
      registry.install(
        plugin(name, {
          start: async () => void told.push(`start ${name}`),
          stop: async () => {
            told.push(`stop ${name}`)
            if (name === 'b') throw new Error('will not')
          },
        }),
      )
    }
    await registry.start(kit, silentLogger)
    await registry.stop(silentLogger)
    await registry.stop(silentLogger)
    expect(told).to.deep.equal(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
  })
  it('stops what it had begun when a plugin does not start, and names it', async () => {
    const told: string[] = []
    const registry = new PluginRegistry()
    for (const name of ['a', 'b', 'c']) {
      registry.install(
        plugin(name, {
          start: async () => {
            told.push(`start ${name}`)
            if (name === 'b') throw new Error('no disk')
          },
          stop: async () => void told.push(`stop ${name}`),
        }),
      )
    }
    const failure = await registry.start(kit, silentLogger).catch((thrown: unknown) => thrown)
    expect(failure).to.be.instanceOf(RegistryError).with.property('message', "Plugin 'b' did not start: no disk")
    expect(told).to.deep.equal(['start a', 'start b', 'stop b', 'stop a'])
  })
})
