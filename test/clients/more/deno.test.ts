import { join } from 'node:path'
import { npmTool } from '../node-tools.js'
import { npmFlow } from '../npm-flow.js'

// A version that was published a second ago is too young by default.
const anyAge = '--minimum-dependency-age=0'

npmFlow({
  title: 'deno 2.9.6',
  install: async () => ({ command: join(await npmTool('deno', 'deno@2.9.6'), 'deno') }),
  installAll: ['install', anyAge],
  installLocked: ['install', '--frozen', anyAge],
  lockFile: 'deno.lock',
  start: ['run', '--allow-all', '--cached-only', '--unstable-detect-cjs', 'index.js'],
})
