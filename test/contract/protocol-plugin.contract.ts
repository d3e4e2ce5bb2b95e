import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { json, notFound, type ProtocolPlugin, repositoryRoute } from '#core'
import { type House, openHouse, type Somebody } from '../support/house.js'
import { mountPath, type RouteAddress, routeAddresses, sendsBody } from '../support/route-addresses.js'
import { breakOff, exchange } from '../support/wire.js'
import { as, type ProtocolContract, send, shelf, stored } from './contract-words.js'
import { contentContract } from './protocol-content.contract.js'
import { deathContract } from './protocol-death.contract.js'
import { documentContract } from './protocol-documents.contract.js'
import { nameContract } from './protocol-names.contract.js'
import { serverContract } from './protocol-server.contract.js'

/** Registers the suite that every plugin of the house passes: strangers, members without the right, a second tenant with equal names, an upload
 *  that breaks off, the bytes there and back, revisions of indexes. Runs in a house of its own, reached over HTTP. */
export function protocolPluginContract(plugin: ProtocolPlugin, contract: ProtocolContract): void {
  const content = contract.content ?? randomBytes(70_000)
  const refusable = routeAddresses(plugin).filter(({ scope, permission }) => scope !== 'origin' && permission !== 'none')

  describe(`the plugin ${plugin.name}, held against the contract of plugins`, () => {
    let house: House

    beforeEach(async () => {
      house = await openHouse({ plugins: [withRevisionProbe(plugin)], repositories: [{ name: shelf, format: plugin.name }] })
    })
    afterEach(() => house.close())

    it('answers a stranger with 401 on every route, without asking for the body, and writes nothing', async () => {
      const before = await stored(house)
      for (const route of refusable) {
        const answer = await ask(house, plugin, route, 'nobody')
        expect(answer.status, label(route)).to.equal(401)
        expect(answer.continued, `${label(route)} asked for the body`).to.equal(false)
      }
      expect(await stored(house)).to.deep.equal(before)
    })

    it('hides every route of a repository from a member who may not read it, without asking for the body', async () => {
      const before = await stored(house)
      for (const route of refusable.filter(({ scope }) => scope === 'repository')) {
        const answer = await ask(house, plugin, route, 'gus')
        // A protocol whose clients go elsewhere after a 404 may word it 403.
        expect(answer.status, label(route)).to.be.oneOf([404, 403])
        expect(answer.continued, `${label(route)} asked for the body`).to.equal(false)
      }
      expect(await stored(house)).to.deep.equal(before)
    })

    it('refuses with 403 what a member who may only read is not allowed to do, without asking for the body', async () => {
      const before = await stored(house)
      const readerHas = new Set<string>(['artifacts.read', 'repositories.read', 'organization.read', 'tokens.issue'])
      for (const route of refusable.filter(({ scope, permission }) => scope !== 'instance' && !readerHas.has(permission))) {
        const answer = await ask(house, plugin, route, 'rita')
        expect(answer.status, label(route)).to.equal(403)
        expect(answer.continued, `${label(route)} asked for the body`).to.equal(false)
      }
      expect(await stored(house)).to.deep.equal(before)
    })

    it('refuses a publication by a member who may only read with 403, without asking for the body', async () => {
      const { method, path, headers } = contract.publish(content)
      const authorized = { ...headers, Authorization: `Bearer ${house.token('rita')}` }
      const answer = await exchange(house.url, { method, target: `/acme/${shelf}${path}`, headers: authorized, body: 'withheld' })
      expect([answer.status, answer.continued]).to.deep.equal([403, false])
    })

    it('gives back the bytes that were published', async () => {
      expect(await send(house, contract.publish(content)), 'publishing').to.be.within(200, 299)
      const answer = await house.call(contract.fetch.method, `/acme/${shelf}${contract.fetch.path}`, as('dora', contract.fetch))
      expect(answer.status).to.equal(200)
      expect(answer.body.equals(content), 'the bytes differ').to.equal(true)
    })

    it('shows a second tenant nothing of it, under equal names', async () => {
      await send(house, contract.publish(content))
      const foreign = await house.call(contract.fetch.method, `/acme/${shelf}${contract.fetch.path}`, as('bert', contract.fetch))
      const across = await house.call(contract.fetch.method, `/beta/${shelf}${contract.fetch.path}`, as('dora', contract.fetch))
      const own = await house.call(contract.fetch.method, `/beta/${shelf}${contract.fetch.path}`, as('bert', contract.fetch))
      expect([foreign.status, across.status]).to.deep.equal([401, 401])
      expect(own.status).to.be.within(400, 499)
      const { files, documents } = await stored(house)
      expect(files.filter((path) => !path.startsWith('acme/'))).to.deep.equal([])
      expect(documents.filter((path) => !path.startsWith('acme/'))).to.deep.equal([])
    })

    contentContract(() => house, contract, content)
    deathContract(() => house, contract, content)
    documentContract(() => house, plugin, contract, content)
    nameContract(() => house, plugin, contract, content)
    if (contract.client) serverContract(plugin, contract.client)

    it('shows a second tenant nothing of it by any route that reads', async () => {
      await send(house, contract.publish(content))
      const calls = [contract.fetch, ...Object.values(contract.documents ?? {}).flat()]
      const reads = routeAddresses(plugin)
        .filter(({ scope, method, permission }) => scope === 'repository' && method === 'GET' && permission !== 'none')
        .map(({ method, path }) => ({ method, path }))
      const secret =
        content.length > 64 ? Buffer.from(content).subarray(16, 48).toString('latin1') : Buffer.from(content).toString('latin1')
      // Its own members come first: what a plugin remembers of them is nobody else's.
      for (const call of [...calls, ...reads]) await house.call(call.method, `/acme/${shelf}${call.path}`, as('dora', call))
      for (const call of [...calls, ...reads]) {
        const across = await house.call(call.method, `/acme/${shelf}${call.path}`, as('bert', call))
        expect(across.status, `${call.method} ${call.path}, by a member of another organization`).to.equal(401)
        const own = await house.call(call.method, `/beta/${shelf}${call.path}`, as('bert', call))
        expect(own.status, `${call.method} ${call.path}, in another organization`).to.be.below(500)
        expect(
          own.body.toString('latin1').includes(secret),
          `${call.method} ${call.path} shows it to another organization`,
        ).to.equal(false)
      }
      // What is asked for by its own name is not there at all, now that it exists next door.
      for (const call of calls)
        expect((await house.call(call.method, `/beta/${shelf}${call.path}`, as('bert', call))).status, call.path).to.be.within(
          400,
          499,
        )
    })

    for (const share of [0, 0.05, 0.5, 0.99])
      it(`leaves nothing of an upload that breaks off after ${share * 100} % of its bytes`, async () => {
        const before = await stored(house)
        const { method, path, headers, body } = contract.publish(content)
        const whole = Buffer.from(body ?? '')
        const authorized = { ...headers, Authorization: `Bearer ${house.token('dora')}` }
        await breakOff(
          house.url,
          { method, target: `/acme/${shelf}${path}`, headers: authorized },
          whole.subarray(0, Math.floor(whole.length * share)),
          whole.length,
        )
        const answer = await house.call(contract.fetch.method, `/acme/${shelf}${contract.fetch.path}`, as('dora', contract.fetch))
        expect(answer.status).to.be.within(400, 499)
        expect(await stored(house)).to.deep.equal(before)
      })

    for (const { name } of plugin.indexes ?? []) {
      it(`changes the revision of the index ${name} with every commit that touches its package`, async () => {
        const pkg = contract.packages?.[name]
        if (pkg === undefined) throw new Error(`name the package of the index ${name} in \`packages\``)
        const none = await revision(house, name, pkg)
        await send(house, contract.publish(content))
        const first = await revision(house, name, pkg)
        expect(none, 'before anything was published').to.equal(undefined)
        expect(first).to.be.a('string')
        if (contract.publishNext === undefined) return
        expect(await send(house, contract.publishNext), 'publishing again').to.be.within(200, 299)
        expect(await revision(house, name, pkg))
          .to.be.a('string')
          .that.does.not.equal(first)
      })
    }
  })
}

async function ask(house: House, plugin: ProtocolPlugin, route: RouteAddress, who: Somebody) {
  return exchange(house.url, {
    method: route.method,
    target: mountPath(plugin.name, route.scope, 'acme', shelf) + route.path,
    headers: who === 'nobody' ? {} : { Authorization: `Bearer ${house.token(who)}` },
    ...(sendsBody(route.method) ? { body: 'withheld' as const } : {}),
  })
}
function label({ method, pattern }: RouteAddress): string {
  return `${method} ${pattern}`
}

/** The same plugin with one more route, which tells the revision of an index: no protocol shows it as it is. */
function withRevisionProbe(plugin: ProtocolPlugin): ProtocolPlugin {
  if (plugin.indexes === undefined || plugin.indexes.length === 0) return plugin
  const probe = repositoryRoute({
    method: 'GET',
    path: '/-/contract/revision',
    permission: 'artifacts.read',
    async handle({ query }, context) {
      const index = await context.index(query.get('index') ?? '', query.get('pkg') ?? '')
      if (index === undefined) throw notFound('index', query.get('pkg') ?? '')
      return json(200, { revision: index.revision })
    },
  })
  const mounts = plugin.mounts.map((mount) =>
    mount.scope === 'repository' ? { ...mount, routes: [...mount.routes, probe] } : mount,
  )
  return Object.create(plugin, { mounts: { value: mounts, enumerable: true } }) as ProtocolPlugin
}
async function revision(house: House, index: string, pkg: string): Promise<string | undefined> {
  const answer = await house.call('GET', `/acme/${shelf}/-/contract/revision?${new URLSearchParams({ index, pkg })}`, {
    as: 'dora',
  })
  if (answer.status !== 200) return undefined
  return (answer.json() as { revision: string }).revision
}
