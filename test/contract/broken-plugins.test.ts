import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import { failuresOf } from '../support/collected-suite.js'
import { brokenPlugins, soundPlugin } from './broken-plugins.js'
import { protocolPluginContract } from './protocol-plugin.contract.js'

const held = (plugin: ProtocolPlugin, beginning = '') =>
  failuresOf(
    () =>
      protocolPluginContract(plugin, {
        publish: (body) => ({ method: 'PUT', path: '/tool/1.0.0', body }),
        fetch: { method: 'GET', path: '/tool/1.0.0' },
        packages: { names: 'tool' },
      }),
    beginning,
  )

describe('the contract of plugins', function () {
  this.timeout(60_000)

  it('is kept by a plugin without a fault', async () => {
    expect([...(await held(soundPlugin()))]).to.deep.equal([])
  })

  for (const { fault, make, caughtBy } of brokenPlugins)
    it(`catches one that ${fault}`, async () => {
      expect((await held(make(), caughtBy)).size).to.be.greaterThan(0)
    })
})
