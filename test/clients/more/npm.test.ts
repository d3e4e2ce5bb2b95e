import { join } from 'node:path'
import { nodeRuntime, npmTool } from '../node-tools.js'
import { type AccountWords, accountFlows } from '../npm-accounts.js'
import { npmFlow } from '../npm-flow.js'

for (const version of ['6.14.18', '8.19.4', '9.9.4', '10.9.9', '12.2.0']) {
  const major = Number.parseInt(version, 10)
  npmFlow({
    title: `npm ${version}`,
    async install() {
      const command = join(await npmTool('npm', `npm@${version}`), 'npm')
      return version.startsWith('12.') ? { command, path: await nodeRuntime('22') } : { command }
    },
    whoami: ['whoami'],
    publish: ['publish'],
    refusal: /cannot publish over the previously published version/i,
    view: ['view', '@acme/greeting', 'version'],
    addTag: ['dist-tag', 'add', '@acme/greeting@1.0.0', 'stable'],
    listTags: ['dist-tag', 'ls', '@acme/greeting'],
    installAll: ['install'],
    installLocked: ['ci'],
    lockFile: 'package-lock.json',
    audit: ['audit'],
    // On the Nodes of today.
    auditEndsWithZero: major === 8,
    ...(major < 8 ? {} : { signatures: ['audit', 'signatures'] }),
    more: accountFlows(wordsOf(major)),
  })
}

function wordsOf(major: number): AccountWords {
  return {
    collaborators: major < 9 ? ['ls-collaborators'] : ['list', 'collaborators'],
    packages: major < 9 ? ['ls-packages'] : ['list', 'packages'],
    tokenCreate: major < 11 ? [] : ['--name', 'ci', '--packages-and-scopes-permission', 'read-write', '--packages-all'],
  }
}
