import { protocolPluginContract } from '#testing'
import { mavenPlugin } from '../../../plugins/maven/index.js'

protocolPluginContract(mavenPlugin(), {
  publish: (body) => ({ method: 'PUT', path: '/org/demo/tool/1.0.0/tool-1.0.0.jar', body }),
  fetch: { method: 'GET', path: '/org/demo/tool/1.0.0/tool-1.0.0.jar' },
  remove: { method: 'DELETE', path: '/org/demo/tool/1.0.0/tool-1.0.0.jar' },
  packages: { metadata: 'org/demo/tool/1.0.0', archetypes: 'org/demo/tool/1.0.0' },
})
