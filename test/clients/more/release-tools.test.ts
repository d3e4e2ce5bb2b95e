import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { nodeRuntime, npmTool } from '../node-tools.js'
import { type ClientTarget, Server } from '../server.js'
import { GitWorkspace } from '../workspace.js'

/** A suite with a server of its own. */
function suite(
  title: string,
  install: () => Promise<string>,
  flows: (tool: () => string, target: () => ClientTarget) => void,
): void {
  describe(title, function () {
    this.timeout(180_000)
    let server: Server | undefined
    let target: ClientTarget
    let tool: string
    before(async function () {
      tool = await obtain(this, title, install)
      server = await Server.start()
      target = await server.target('npm')
    })
    after(() => server?.stop())
    flows(
      () => tool,
      () => target,
    )
  })
}

const root = { name: 'root', version: '1.0.0', private: true, workspaces: ['packages/*'] }
const twoPackages = ({ url, org, repo }: ClientTarget) => {
  const publishConfig = { registry: `${url}/${org}/${repo}/` }
  return {
    'packages/one/package.json': { name: 'one', version: '1.0.0', publishConfig },
    'packages/two/package.json': { name: '@acme/two', version: '1.0.0', publishConfig, dependencies: { one: '^1.0.0' } },
  }
}

suite(
  'changesets 2.31.1',
  async () => join(await npmTool('changesets', '@changesets/cli@2.31.1'), 'changeset'),
  (tool, target) =>
    it('publishes what the registry does not have, then the versions that a changeset raised, then nothing', async () => {
      const { url, org, repo } = target()
      const env = { npm_config_registry: `${url}/${org}/${repo}/` }
      const config = {
        access: 'public',
        baseBranch: 'main',
        commit: false,
        changelog: false,
        updateInternalDependencies: 'patch',
      }
      const files = {
        'package.json': root,
        'package-lock.json': '{}',
        '.changeset/config.json': config,
        ...twoPackages(target()),
      }
      const place = await GitWorkspace.open(target(), files, env)
      try {
        expect(await place.do(tool(), 'publish')).to.contain('@acme/two@1.0.0')
        await place.commit('feat: more', { '.changeset/brave-words.md': '---\n"one": minor\n---\n\nMore\n' })
        await place.do(tool(), 'version')
        await place.do(tool(), 'publish')
        expect(await place.published('one')).to.deep.equal(['1.0.0', '1.1.0'])
        expect(await place.published('@acme/two')).to.deep.equal(['1.0.0'])
        expect(await place.do(tool(), 'publish')).to.contain('No unpublished projects to publish')
      } finally {
        await place.close()
      }
    }),
)

suite(
  'lerna 8.2.4',
  async () => join(await npmTool('lerna', 'lerna@8.2.4'), 'lerna'),
  (tool, target) =>
    it('publishes from the packages what the registry does not have, then nothing', async () => {
      const lerna = { version: 'independent', packages: ['packages/*'], npmClient: 'npm' }
      const files = { 'package.json': root, 'package-lock.json': '{}', 'lerna.json': lerna, ...twoPackages(target()) }
      const place = await GitWorkspace.open(target(), files, { NX_DAEMON: 'false', NX_CACHE_PROJECT_GRAPH: 'false' })
      const words = ['publish', 'from-package', '--yes', '--registry', place.registry, '--no-verify-access']
      try {
        expect(await place.do(tool(), ...words)).to.contain('Successfully published')
        expect(await place.published('one')).to.deep.equal(['1.0.0'])
        expect(await place.published('@acme/two')).to.deep.equal(['1.0.0'])
        expect(await place.do(tool(), ...words)).to.contain('No changed packages to publish')
      } finally {
        await place.close()
      }
    }),
)

suite(
  'semantic-release 24.2.9',
  async () =>
    join(await npmTool('semantic-release', 'semantic-release@24.2.9', '@semantic-release/npm@12.0.2'), 'semantic-release'),
  (tool, target) =>
    it('releases 1.0.0 from the first commit and 1.1.0 from a feature, and nothing without one', async () => {
      const { url, org, repo } = target()
      const manifest = {
        name: '@acme/released',
        version: '0.0.0-development',
        publishConfig: { registry: `${url}/${org}/${repo}/` },
        release: {
          branches: ['main'],
          plugins: ['@semantic-release/commit-analyzer', '@semantic-release/release-notes-generator', '@semantic-release/npm'],
        },
      }
      const path = `${await nodeRuntime('22')}:${process.env['PATH'] ?? ''}`
      const place = await GitWorkspace.open(target(), { 'package.json': manifest }, { PATH: path })
      const words = ['--no-ci', '--repository-url', pathToFileURL(join(place.folder, 'origin')).href]
      try {
        await place.do(tool(), ...words)
        await place.commit('feat: more', { 'more.js': '' })
        await place.do(tool(), ...words)
        await place.do(tool(), ...words)
        expect(await place.published('@acme/released')).to.deep.equal(['1.0.0', '1.1.0'])
      } finally {
        await place.close()
      }
    }),
)
