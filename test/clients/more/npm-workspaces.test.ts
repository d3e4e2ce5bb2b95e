import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { npmTool } from '../node-tools.js'
import { type ClientTarget, Server } from '../server.js'
import { GitWorkspace } from '../workspace.js'

interface WorkspaceClient {
  readonly title: string
  readonly install: () => Promise<string>
  /** Files beside the packages. */
  readonly settings: (registry: string, token: string) => Readonly<Record<string, string>>
  /** What links the workspaces together, and what publishes all of them. */
  readonly link: readonly string[]
  readonly publish: readonly (readonly string[])[]
  /** In a project that wants what was published. */
  readonly add: readonly string[]
}

const berry = (registry: string, token: string) => ({
  '.yarnrc.yml': [
    `npmRegistryServer: "${registry}"`,
    `npmAuthToken: "${token}"`,
    'npmAlwaysAuth: true',
    'unsafeHttpWhitelist: ["127.0.0.1"]',
    'enableTelemetry: false',
    'npmMinimalAgeGate: 0',
    'nodeLinker: node-modules',
    '',
  ].join('\n'),
  'yarn.lock': '',
})
const clients: readonly WorkspaceClient[] = [
  {
    title: 'npm of this Node',
    install: async () => 'npm',
    settings: () => ({}),
    link: ['install', '--no-audit'],
    publish: [['publish', '--workspaces']],
    add: ['install', '--no-audit', '@acme/two'],
  },
  {
    title: 'pnpm 12.4.2',
    install: async () => join(await npmTool('pnpm', 'pnpm@12.4.2'), 'pnpm'),
    settings: () => ({ 'pnpm-workspace.yaml': 'packages: ["packages/*"]\nlinkWorkspacePackages: true\n' }),
    link: ['install', '--no-frozen-lockfile'],
    publish: [['--recursive', 'publish', '--no-git-checks']],
    add: ['add', '@acme/two', '--ignore-workspace'],
  },
  {
    title: 'yarn 4.18.1',
    install: async () => join(await npmTool('yarn', '@yarnpkg/cli-dist@4.18.1'), 'yarn'),
    settings: berry,
    link: ['install', '--no-immutable'],
    publish: [['workspaces', 'foreach', '--all', '--no-private', 'npm', 'publish']],
    add: ['add', '@acme/two'],
  },
]

describe('workspaces', function () {
  this.timeout(180_000)
  for (const { title, install, settings, link, publish, add } of clients) {
    it(`of ${title} are linked, published all together, and installed from the registry elsewhere`, async function () {
      const command = await obtain(this, title, install)
      const server = await Server.start()
      try {
        const target = await server.target('npm')
        const place = await open(target, settings)
        try {
          await place.do(command, ...link)
          for (const words of publish) await place.do(command, ...words)
          expect(await place.published('one')).to.deep.equal(['1.0.0'])
          expect(await place.published('@acme/two')).to.deep.equal(['1.0.0'])
        } finally {
          await place.close()
        }
        const elsewhere = await GitWorkspace.open(target, {
          'package.json': { name: 'elsewhere', version: '1.0.0', private: true },
          ...own(settings, target),
        })
        try {
          await rm(join(elsewhere.work, 'pnpm-workspace.yaml'), { force: true })
          await elsewhere.do(command, ...add)
          const two = JSON.parse(
            await readFile(join(elsewhere.work, 'node_modules', '@acme', 'two', 'package.json'), 'utf8'),
          ) as object
          expect(two).to.deep.include({ version: '1.0.0', dependencies: { one: '^1.0.0' } })
        } finally {
          await elsewhere.close()
        }
      } finally {
        await server.stop()
      }
    })
  }
})

function own(settings: WorkspaceClient['settings'], { url, org, repo, token }: ClientTarget) {
  return settings(`${url}/${org}/${repo}/`, token)
}
function open(target: ClientTarget, settings: WorkspaceClient['settings']): Promise<GitWorkspace> {
  return GitWorkspace.open(target, {
    'package.json': { name: 'root', version: '1.0.0', private: true, workspaces: ['packages/*'] },
    'packages/one/package.json': { name: 'one', version: '1.0.0' },
    'packages/two/package.json': { name: '@acme/two', version: '1.0.0', dependencies: { one: '^1.0.0' } },
    ...own(settings, target),
  })
}
