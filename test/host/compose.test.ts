import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Member, Organization, Repository } from '#core'
import { text } from '#core'
import { silentLogger } from '#core/host'
import { compose } from '../../host/compose.js'
import { type Settings, settingsShape } from '../../host/config/settings.js'
import type { KernelPlace, OpenKernel } from '../../host/house-parts.js'
import { immediatePace } from '../../host/server/shutdown.js'

describe('Composing a house', () => {
  let place: string
  let events: string[]
  let given: KernelPlace | undefined
  let refusal: string | undefined
  const openKernel: OpenKernel = async (parts) => {
    given = parts
    await writeFile(join(parts.folder, 'metadata'), '')
    return {
      handle: async ({ target }) => text(200, `kernel ${target}`),
      install: ({ name }, address) => {
        if (refusal) throw new Error(refusal)
        events.push(`install ${name} ${address?.startsWith('file:')}`)
      },
      start: async () => void events.push('start'),
      close: async () => void events.push('close'),
      isRootMount: async (hostname) => hostname === 'mine.example',
      setup: {
        isEmpty: async () => !events.includes('organization main'),
        createOperatorToken: async () => 'operator',
        createOrganization: async (name) => void events.push(`organization ${name}`) as unknown as Organization,
        createMember: async (_organization, { name }) => void events.push(`member ${name}`) as unknown as Member,
        createRepository: async (_organization, { name }) => void events.push(`repository ${name}`) as unknown as Repository,
      },
    }
  }
  beforeEach(async () => {
    place = await realpath(await mkdtemp(join(tmpdir(), 'compose-')))
    await writeFile(join(place, 'plugin.mjs'), "export default { name: 'raw', version: '1', contract: 1, mounts: [] }")
    events = []
    refusal = undefined
  })
  afterEach(() => rm(place, { recursive: true }))
  const settings = (more: object = {}): Settings =>
    settingsShape.parse({ listen: '127.0.0.1:0', data: join(place, 'data'), plugins: [join(place, 'plugin.mjs')], ...more })

  it('installs, starts, makes a first start, then listens; and closes in reverse', async () => {
    const house = await compose(settings(), silentLogger, openKernel)
    expect(events).to.deep.equal(['install raw true', 'start', 'organization main', 'member admin', 'repository raw'])
    expect(given?.keyFile).to.equal(join(place, 'data.key'))
    const password = (await readFile(join(place, 'data', 'admin-password'), 'utf8')).trim()
    expect(house.greeting)
      .to.contain(`password: ${password}\n`)
      .and.to.contain(`raw: ${house.url}/main/raw/\n`)
      .and.to.contain('data.key')
    expect(await (await fetch(`${house.url}/a?b`)).text()).to.equal('kernel /a?b')
    await house.close(immediatePace)
    expect(events.at(-1)).to.equal('close')
    expect(await readdir(join(place, 'data'))).to.deep.equal(['admin-password', 'metadata', 'operator-token'])

    const again = await compose(settings(), silentLogger, openKernel)
    expect(again.greeting).to.equal(undefined)
    await again.close(immediatePace)
  })

  it('is one house per data folder', async () => {
    const house = await compose(settings(), silentLogger, openKernel)
    const second = await compose(settings(), silentLogger, openKernel).catch((error: Error) => error.message)
    expect(second).to.equal(`Another house serves the data folder ${join(place, 'data')}`)
    expect(await (await fetch(`${house.url}/x`)).text()).to.equal('kernel /x')
    await house.close(immediatePace)
  })

  it('is unhealthy and says so to its caller when the store fails', async () => {
    const house = await compose(settings(), silentLogger, openKernel)
    given?.onFatal(new Error('disk'))
    expect((await house.failed).message).to.equal('disk')
    const health = await fetch(`${house.url}/-/health`)
    expect([health.status, await health.text()]).to.deep.equal([503, '{"status":"read-only"}'])
    await house.close(immediatePace)
  })

  const failures: [string, () => Promise<object>, string, readonly string[]][] = [
    ['a plugin is missing', async () => ({ plugins: ['./missing.mjs'] }), "Plugin './missing.mjs' cannot be loaded", []],
    [
      'a plugin is refused',
      async () => {
        refusal = "Plugin 'raw': no permission on GET /"
        return {}
      },
      "Plugin 'raw': no permission",
      ['data', 'data.key'],
    ],
    ['the key that was named is missing', async () => ({ rootKey: join(place, 'no.key') }), 'CLOUDREPO_ROOT_KEY: ', ['data']],
  ]
  for (const [what, more, message, left] of failures)
    it(`takes everything apart again where ${what}`, async () => {
      const error = await compose(settings(await more()), silentLogger, openKernel).catch((thrown: Error) => thrown)
      expect((error as Error).message.startsWith(message)).to.equal(true, (error as Error).message)
      expect((await readdir(place)).filter((name) => name !== 'plugin.mjs')).to.deep.equal(left)
      if (left.includes('data'))
        expect((await readdir(join(place, 'data'))).filter((name) => name.includes('lock'))).to.deep.equal([])
    })

  it('closes the kernel where the port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    const error = await compose(settings({ listen: `127.0.0.1:${port}` }), silentLogger, openKernel).catch(
      (thrown: Error) => thrown,
    )
    other.close()
    expect([(error as NodeJS.ErrnoException).code, events.at(-1)]).to.deep.equal(['EADDRINUSE', 'close'])
  })
})
