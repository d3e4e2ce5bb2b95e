import { protocolPluginContract } from '#testing'
import binaries from './binaries.js'

protocolPluginContract(binaries, {
  publish: (body) => ({ method: 'PUT', path: '/tool/1.0.0', body }),
  fetch: { method: 'GET', path: '/tool/1.0.0' },
})
