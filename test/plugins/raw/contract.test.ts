import { protocolPluginContract } from '#testing'
import raw from '../../../plugins/raw/index.js'

protocolPluginContract(raw, {
  publish: (body) => ({ method: 'PUT', path: '/folder/file.bin', body }),
  fetch: { method: 'GET', path: '/folder/file.bin' },
  remove: { method: 'DELETE', path: '/folder/file.bin' },
})
