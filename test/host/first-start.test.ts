import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { conflict, type Member, type Organization, type ProtocolPlugin, type Repository } from '#core'
import { firstStart, greeting, type Setup } from '../../host/first-start.js'

const plugin = (name: string, settings?: ProtocolPlugin['settings']): ProtocolPlugin => ({
  name,
  version: '1',
  contract: 1,
  mounts: [],
  ...(settings ? { settings } : {}),
})
const plugins = [
  plugin('maven', ({ url }) => [{ client: 'settings.xml', text: `<a>\n  ${url.href}\n</a>\n` }]),
  plugin('raw', ({ name }) => [{ client: 'curl', text: `curl ${name}` }]),
  plugin('api'),
]

describe('The first start', () => {
  let data: string
  let empty: boolean
  let calls: unknown[]
  const setup: Setup = {
    isEmpty: async () => empty,
    createOperatorToken: async (name) => `token of ${name} ${calls.push(['token', name])}`,
    createOrganization: async (name) => void calls.push(['organization', name]) as unknown as Organization,
    createMember: async (organization, { password, ...member }) =>
      void calls.push(['member', organization, member, typeof password]) as unknown as Member,
    createRepository: async (organization, repository) =>
      void calls.push(['repository', organization, repository]) as unknown as Repository,
  }
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'first-'))
    empty = true
    calls = []
  })
  afterEach(() => rm(data, { recursive: true }))

  it('makes the operator first, then an organization, its owner and a repository of each format', async () => {
    const first = await firstStart(setup, data, plugins, true)
    expect(calls).to.deep.equal([
      ['token', 'first start'],
      ['organization', 'main'],
      ['member', 'main', { name: 'admin', role: 'owner' }, 'string'],
      ['repository', 'main', { name: 'maven', format: 'maven', policy: 'mixed' }],
      ['repository', 'main', { name: 'raw', format: 'raw' }],
    ])
    expect(await readdir(data)).to.deep.equal(['admin-password', 'operator-token'])
    for (const name of await readdir(data)) expect((await stat(join(data, name))).mode & 0o777).to.equal(0o600)
    expect(await readFile(join(data, 'admin-password'), 'utf8')).to.equal(`${first?.sample?.password}\n`)
    expect(first?.sample?.password).to.match(/^(?:[a-z2-9]{5}-){3}[a-z2-9]{5}$/)
  })

  it('is finished by the next start where it was killed, with the password that was written', async () => {
    const killed = { ...setup, createRepository: () => Promise.reject(new Error('killed')) }
    expect(await firstStart(killed, data, plugins, true).catch((error: Error) => error.message)).to.equal('killed')
    const password = await readFile(join(data, 'admin-password'), 'utf8')
    empty = false
    calls = []
    const taken = () => Promise.reject(conflict('taken'))
    const first = await firstStart({ ...setup, createOrganization: taken, createMember: taken }, data, plugins, true)
    expect(`${first?.sample?.password}\n`).to.equal(password)
    expect(calls.map((call) => (call as string[])[0])).to.deep.equal(['repository', 'repository'])
    expect(await readdir(data)).to.deep.equal(['admin-password', 'operator-token'])
    expect(await firstStart(setup, data, plugins, true)).to.equal(undefined)
  })

  it('leaves the sample to another node that was faster, and tells no password that is not the right one', async () => {
    const faster = { ...setup, createOrganization: () => Promise.reject(conflict('taken')) }
    expect(await firstStart(faster, data, plugins, true)).to.deep.equal({})
    expect([calls, await readdir(data)]).to.deep.equal([[['token', 'first start']], ['operator-token']])
  })

  it('makes the operator alone without the sample, and once', async () => {
    expect(await firstStart(setup, data, plugins, false)).to.deep.equal({})
    empty = false
    expect(await firstStart(setup, data, plugins, false)).to.equal(undefined)
    expect([calls, await readdir(data)]).to.deep.equal([[['token', 'first start']], ['operator-token']])
  })

  it('leaves a house that is not empty alone', async () => {
    empty = false
    expect(await firstStart(setup, data, plugins, true)).to.equal(undefined)
    expect([calls, await readdir(data)]).to.deep.equal([[], []])
  })

  it('greets with the address, the password, the lines for each client and the key', () => {
    const first = {
      sample: {
        password: 'pass',
        repositories: [
          { name: 'maven', format: 'maven' },
          { name: 'raw', format: 'raw' },
        ],
      },
    } // prettier-ignore
    expect(greeting(first, new URL('https://repo.example.com/x/'), plugins, '/srv/data.key')).to.equal(`
cloudrepo is at https://repo.example.com/x/
organization 'main', member 'admin', password: pass
(also in admin-password in the data folder)

── maven: https://repo.example.com/x/main/maven/
settings.xml:
    <a>
      https://repo.example.com/x/main/maven/
    </a>

── raw: https://repo.example.com/x/main/raw/
curl:
    curl raw

The root key is /srv/data.key. Back it up, apart from the data: without it nothing stored can be read.

`)
  })
})
