import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { obtain } from '../client-cache.js'
import { npmTool } from '../node-tools.js'
import { NpmWorkplace } from '../npm-workplace.js'
import { succeed } from '../run.js'
import { type ClientTarget, Server } from '../server.js'

describe('npm-check-updates 17.1.18', function () {
  this.timeout(120_000)
  let server: Server | undefined
  let place: NpmWorkplace | undefined
  after(async () => {
    await place?.close()
    await server?.stop()
  })
  let target: ClientTarget
  let tool: string
  before(async function () {
    tool = join(await obtain(this, 'npm-check-updates 17.1.18', () => npmTool('ncu', 'npm-check-updates@17.1.18')), 'ncu')
    server = await Server.start()
    target = await server.target('npm')
  })

  it('finds the newest version of a package with a scope and of one without, and writes both', async () => {
    place = await NpmWorkplace.open(tool, target)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the client expands it
    await place.projectSettings({ _authToken: '${NPM_TOKEN}' })
    const manifestOf = (project: string) => join(place?.project(project) ?? '', 'package.json')
    for (const project of ['shout-words', 'greeting'])
      for (const version of ['1.0.0', '2.3.0']) {
        const manifest = JSON.parse(await readFile(manifestOf(project), 'utf8')) as object
        await writeFile(manifestOf(project), JSON.stringify({ ...manifest, version }))
        await succeed('npm', ['publish'], { cwd: place.project(project), env: place.env() })
      }
    const dependencies = { '@acme/greeting': '^1.0.0', 'shout-words': '1.0.0' }
    await writeFile(manifestOf('app'), JSON.stringify({ name: 'app', version: '1.0.0', dependencies }))
    expect(await place.do('app', '--upgrade')).to.match(/@acme\/greeting +\^1\.0\.0 +→ +\^2\.3\.0/)
    expect(JSON.parse(await readFile(manifestOf('app'), 'utf8'))).to.deep.include({
      dependencies: { '@acme/greeting': '^2.3.0', 'shout-words': '2.3.0' },
    })
  })
})

describe('corepack 0.34.7', function () {
  this.timeout(120_000)
  let server: Server | undefined
  let place: NpmWorkplace | undefined
  after(async () => {
    await place?.close()
    await server?.stop()
  })

  it('fetches a package manager from the registry, with a token, and verifies its signature by the keys of the registry', async function () {
    const tool = join(await obtain(this, 'corepack 0.34.7', () => npmTool('corepack', 'corepack@0.34.7')), 'corepack')
    const yarn = join(dirname(await npmTool('yarn', 'yarn@1.22.22')), 'yarn')
    server = await Server.start()
    const target = await server.target('npm')
    const env = {
      COREPACK_NPM_REGISTRY: `${target.url}/${target.org}/${target.repo}`,
      COREPACK_NPM_TOKEN: target.token,
      COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    }
    place = await NpmWorkplace.open(tool, target, { env })
    await place.settings({ _authToken: target.token })
    const strange = await place.ask('empty', 'yarn@1.22.22', '--version')
    expect(strange.status, strange.output).to.not.equal(0)
    await succeed('npm', ['publish', '--ignore-scripts', yarn], { cwd: place.folder, env: place.env() })
    const listed = await fetch(`${place.registry}-/npm/v1/keys`, { headers: { authorization: `Bearer ${target.token}` } })
    const { keys } = (await listed.json()) as { keys: readonly { readonly key: string; readonly keyid: string }[] }
    const withKeys = (npm: unknown) => place?.with({ ...env, COREPACK_INTEGRITY_KEYS: JSON.stringify({ npm }) })
    const others = keys.map((key) => ({ ...key, keyid: 'SHA256:somebody-else' }))
    const unknown = await withKeys(others)?.ask('empty', 'yarn@1.22.22', '--version')
    expect(unknown?.output).to.match(/signature|key/i)
    expect(unknown?.status).to.not.equal(0)
    expect(await withKeys(keys)?.do('empty', 'yarn@1.22.22', '--version')).to.equal('1.22.22')
  })
})
