import { join } from 'node:path'
import { nodeRuntime, npmTool } from '../node-tools.js'
import { npmFlow } from '../npm-flow.js'

for (const version of ['9.15.9', '11.28.11', '12.4.2'])
  npmFlow({
    title: `pnpm ${version}`,
    async install() {
      const command = join(await npmTool('pnpm', `pnpm@${version}`), 'pnpm')
      return version.startsWith('11.') ? { command, path: await nodeRuntime('22') } : { command }
    },
    // From 10 on the token is taken from the home alone, and written out.
    settle: (place, { token }) => place.settings({ _authToken: token }),
    whoami: ['whoami'],
    publish: ['publish', '--no-git-checks'],
    refusal: /cannot publish over the previously published version/i,
    view: ['view', '@acme/greeting', 'version'],
    addTag: ['dist-tag', 'add', '@acme/greeting@1.0.0', 'stable'],
    listTags: ['dist-tag', 'ls', '@acme/greeting'],
    installAll: ['install'],
    installLocked: ['install', '--frozen-lockfile'],
    lockFile: 'pnpm-lock.yaml',
    audit: ['audit'],
  })
