import { join } from 'node:path'
import { npmTool } from '../node-tools.js'
import { npmFlow } from '../npm-flow.js'

npmFlow({
  title: 'bun 1.4.5',
  install: async () => ({ command: join(await npmTool('bun', 'bun@1.4.5'), 'bun') }),
  settle: (place) =>
    place.inEveryProject('bunfig.toml', `[install]\nregistry = { url = "${place.registry}", token = "$NPM_TOKEN" }\n`),
  whoami: ['pm', 'whoami'],
  publish: ['publish'],
  refusal: /cannot publish over the previously published version/i,
  tolerant: ['publish', '--tolerate-republish'],
  view: ['info', '@acme/greeting'],
  installAll: ['install', '--no-frozen-lockfile'],
  installLocked: ['install', '--frozen-lockfile'],
  lockFile: 'bun.lock',
  start: ['index.js'],
  audit: ['audit'],
})
