import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { obtain } from './client-cache.js'
import { pythonTools } from './python-tools.js'
import { cleanEnvironment, run } from './run.js'
import { Server } from './server.js'

/** What a tester asks for and is not given, and why. */
const refused = [
  // An account is active or it is not. Taking `active` away would have to mean one of both, and whichever it is, somebody did not ask for it.
  "check_remove_attribute: Failed to remove attribute 'active': Operation 1: 'active' cannot be removed; it is true or false",
]
/** It adds a member whose id is nobody's, and expects success: a group would then hold what no user is. */
const unknownMember = 'PATCH /Groups/{id} add member: Expected 200, got 400'

interface Probe {
  readonly name: string
  readonly status: string
  readonly message?: string
}

/** A server whose organization acme has an identity provider, with room for testers that never wait. */
async function serverWithProvider(): Promise<{ readonly server: Server; readonly base: string; readonly token: string }> {
  const place = await mkdtemp(join(tmpdir(), 'cloudrepo-server-'))
  await writeFile(join(place, 'cloudrepo.json'), JSON.stringify({ limits: { scimRequestsPerSecond: 100_000 } }))
  const server = await Server.start({ CLOUDREPO_SAMPLE: 'off' }, place)
  for (const words of [
    ['organization', 'create', 'acme'],
    ['token', 'create', 'acme', '--scim', '--name', 'tester'],
  ]) {
    const ran = await server.cli(...words)
    if (ran.status !== 0) throw new Error(ran.output)
    if (words[0] === 'token') return { server, base: `${server.url}/acme/-/scim/v2`, token: ran.stdout.trim() }
  }
  throw new Error('no token was made')
}

describe('scim2-tester 0.5.2', function () {
  this.timeout(300_000)
  let tools: string
  let folder: string
  let started: Awaited<ReturnType<typeof serverWithProvider>> | undefined
  before(async function () {
    tools = await obtain(this, 'scim2-tester', () =>
      pythonTools('scim2', ['scim2-cli==0.6.0', 'scim2-tester==0.5.2', 'scim2-client==0.13.2', 'scim2-models==0.12.3']),
    )
    folder = await mkdtemp(join(tmpdir(), 'scim2-'))
    started = await serverWithProvider()
  })
  after(async () => {
    await started?.server.stop()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  it('finds discovery, users, groups, searches and every attribute added, replaced and removed as the RFC has them', async () => {
    const { base = '', token = '' } = started ?? {}
    const words = ['--url', base, '--header', `Authorization: Bearer ${token}`, 'test', '-v']
    const { output } = await run(join(tools, 'scim2'), words, { cwd: folder, env: cleanEnvironment(folder), timeout: 240_000 })
    const results = [...output.matchAll(/^([A-Z]{4,}) (\w+)(?:\n {2}(.*))?$/gm)]
    const wrong = results.filter(([, verdict]) => verdict !== 'SUCCESS').map(([, , check, message]) => `${check}: ${message}`)
    expect(wrong, output).to.deep.equal(refused)
    expect(results.length - wrong.length, output).to.equal(135)
  })
})

describe('scim-sanity 0.7.4', function () {
  this.timeout(300_000)
  let tools: string
  let folder: string
  let started: Awaited<ReturnType<typeof serverWithProvider>> | undefined
  before(async function () {
    tools = await obtain(this, 'scim-sanity', () => pythonTools('scim-sanity', ['scim-sanity==0.7.4']))
    folder = await mkdtemp(join(tmpdir(), 'scim-sanity-'))
    started = await serverWithProvider()
  })
  after(async () => {
    await started?.server.stop()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  it('finds users, groups, tags, pages and errors sane, but for a member that is nobody', async () => {
    const { base = '', token = '' } = started ?? {}
    const words = ['probe', base, '--token', token, '--i-accept-side-effects', '--json-output']
    const { output, stdout } = await run(join(tools, 'scim-sanity'), words, { cwd: folder, env: cleanEnvironment(folder) })
    const { results } = JSON.parse(stdout) as { readonly results: readonly Probe[] }
    const failed = results.filter(({ status }) => status === 'fail' || status === 'error')
    expect(
      failed.map(({ name, message }) => `${name}: ${message}`),
      output,
    ).to.deep.equal([unknownMember])
    expect(results.filter(({ status }) => status === 'pass').length, output).to.equal(27)
  })
})
