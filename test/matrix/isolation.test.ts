import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import binaries from '../../examples/new-format/binaries.js'
import { type House, openHouse, type Somebody } from '../support/house.js'
import { mountPath, type RouteAddress, routeAddresses, sendsBody } from '../support/route-addresses.js'
import { exchange, type WireAnswer } from '../support/wire.js'

/** Everybody who is refused somewhere; 'unknown' is a well-formed token that nobody was given. */
type Caller = Somebody | 'unknown'
type Scheme = 'Bearer' | 'Basic'

interface Attempt {
  readonly plugin: string
  readonly address: RouteAddress
  readonly method: string
  readonly organization: 'acme' | 'beta' | 'nowhere'
  /** Given to no plugin's repository where it is 'missing'. */
  readonly repository: string
  readonly caller: Caller
  readonly scheme: Scheme
  readonly body?: 'withheld' | 'endless'
}

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'MOVE', 'COPY'] as const
const unknownToken = `crt_u_${'0'.repeat(46)}`
const readerHas = new Set<string>(['artifacts.read', 'repositories.read', 'organization.read', 'tokens.issue'])

async function installedPlugins(): Promise<readonly ProtocolPlugin[]> {
  const folder = new URL('../../plugins/', import.meta.url)
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  const bundled = await Promise.all(
    names
      .sort()
      .map(async (name) => ((await import(new URL(`${name}/index.js`, folder).href)) as { default: ProtocolPlugin }).default),
  )
  return [...bundled, binaries]
}

const plugins = await installedPlugins()

describe('the isolation of tenants, route by route', function () {
  this.timeout(600_000)
  let house: House
  let written: Awaited<ReturnType<typeof stored>>
  let checks = 0

  before(async () => {
    const repositories = plugins.filter(hasRepositories).map(({ name }) => ({ name: `r-${name}`, format: name }))
    house = await openHouse({ plugins, repositories, behindProxy: true })
    for (const [organization, somebody] of [
      ['acme', 'dora'],
      ['beta', 'bert'],
    ] as const) {
      const target = `/${organization}/r-binaries/tool/1.0.0`
      const answer = await house.call('PUT', target, { as: somebody, body: `bytes of ${organization}` })
      expect(answer.status).to.equal(201)
    }
    written = await stored(house)
  })
  afterEach('nothing was written', async () => {
    expect(await stored(house)).to.deep.equal(written)
  })
  after(async () => {
    process.stdout.write(`    ${checks} refusals checked over ${plugins.length} plugins\n`)
    await house.close()
  })

  for (const plugin of plugins) {
    const addresses = distinctAddresses(plugin)

    it(`${plugin.name}: refuses everybody who has no business there, with the status of the house's table and the body unread`, async () => {
      await inParallel(attempts(plugin, addresses), async (attempt) => {
        const answer = await send(house, attempt)
        checks += 1
        const allowed = expectedStatuses(plugin, attempt)
        expect(allowed, `${describeAttempt(attempt)} answered ${answer.status}`).to.include(answer.status)
        expect(answer.continued, `${describeAttempt(attempt)} asked for the body`).to.equal(false)
      })
    })

    it(`${plugin.name}: answers while a body without end is still coming`, async () => {
      const endless = addresses
        .filter(({ method, permission, scope }) => sendsBody(method) && permission !== 'none' && scope !== 'origin')
        .flatMap((address): Attempt[] =>
          (['nobody', 'bert'] as const).map((caller) => ({
            ...{ plugin: plugin.name, address, method: address.method, organization: 'acme', repository: `r-${plugin.name}` },
            ...{ caller, scheme: 'Bearer', body: 'endless' },
          })),
        )
      await inParallel(endless, async (attempt) => {
        const answer = await send(house, attempt)
        checks += 1
        expect(answer.status, describeAttempt(attempt)).to.equal(401)
      })
    })
  }

  it('answers 401 with the same bytes for a private, a missing and a foreign repository of any format, and for no organization at all', async () => {
    const seen = new Map<string, Map<string, string>>()
    const blind = plugins.filter(hasRepositories).flatMap((plugin) =>
      distinctAddresses(plugin)
        .filter(({ scope, permission }) => scope === 'repository' && permission !== 'none')
        .flatMap((address) =>
          (['GET', 'HEAD', 'PUT', 'DELETE'] as const).flatMap((method) =>
            [...foreign(plugin.name), ...anonymous(plugin.name)].map((place) => ({
              plugin: plugin.name,
              address,
              method,
              ...place,
            })),
          ),
        ),
    )
    await inParallel(blind, async (attempt) => {
      const answer = await send(house, attempt)
      checks += 1
      expect(answer.status, describeAttempt(attempt)).to.equal(401)
      const kind = `${attempt.caller === 'nobody' ? 'Basic' : attempt.scheme}${attempt.method === 'HEAD' ? ' HEAD' : ''}`
      const variants = seen.get(kind) ?? new Map<string, string>()
      variants.set(withoutRealm(answer, attempt.organization), describeAttempt(attempt))
      seen.set(kind, variants)
    })
    for (const [kind, variants] of seen) {
      expect([...variants.keys()], `${kind}: ${[...variants.values()].join(' differs from ')}`).to.have.length(1)
    }
  })
})

function hasRepositories(plugin: ProtocolPlugin): boolean {
  return plugin.mounts.some(({ scope }) => scope === 'repository')
}

/** One for each method and address; two patterns that the sample values make equal are told apart by the first. */
function distinctAddresses(plugin: ProtocolPlugin): readonly RouteAddress[] {
  const byAddress = new Map(routeAddresses(plugin).map((route) => [`${route.scope} ${route.method} ${route.path}`, route]))
  return [...byAddress.values()]
}

function anonymous(plugin: string) {
  return (['acme', 'beta', 'nowhere'] as const).flatMap((organization) =>
    [`r-${plugin}`, 'missing'].map((repository) => ({
      organization,
      repository,
      caller: 'nobody' as const,
      scheme: 'Basic' as const,
    })),
  )
}
/** A credential in an organization that it is not of. */
function foreign(plugin: string) {
  const places = [
    { organization: 'acme', caller: 'bert' },
    { organization: 'acme', caller: 'unknown' },
    { organization: 'beta', caller: 'dora' },
    { organization: 'beta', caller: 'olga' },
    { organization: 'nowhere', caller: 'dora' },
  ] as const
  return places.flatMap((place) =>
    [`r-${plugin}`, 'missing'].flatMap((repository) =>
      (['Bearer', 'Basic'] as const).map((scheme) => ({ ...place, repository, scheme })),
    ),
  )
}
/** Members of acme where they lack the right. */
function unentitled(plugin: string) {
  return (['gus', 'rita'] as const).flatMap((caller) =>
    [`r-${plugin}`, 'missing'].flatMap((repository) =>
      (['Bearer', 'Basic'] as const).map((scheme) => ({ organization: 'acme' as const, caller, repository, scheme })),
    ),
  )
}

function attempts(plugin: ProtocolPlugin, addresses: readonly RouteAddress[]): readonly Attempt[] {
  const everyMethod = addresses.flatMap((address) => methods.map((method) => ({ address, method })))
  const distinct = new Map(everyMethod.map((one) => [`${one.address.scope} ${one.method} ${one.address.path}`, one]))
  return [...distinct.values()].flatMap(({ address, method }) =>
    [...anonymous(plugin.name), ...foreign(plugin.name), ...unentitled(plugin.name)]
      .map((place): Attempt => {
        const attempt = { plugin: plugin.name, address, method, ...place }
        return sendsBody(method) ? { ...attempt, body: 'withheld' } : attempt
      })
      .filter((attempt) => expectedStatuses(plugin, attempt).length > 0),
  )
}

/** The house's table; empty where the attempt is nothing that must be refused. */
function expectedStatuses(plugin: ProtocolPlugin, { address, method, repository, caller }: Attempt): readonly number[] {
  const asked = method === 'HEAD' ? 'GET' : method
  const open = routeAddresses(plugin).some(
    (route) => route.scope === address.scope && route.path === address.path && route.permission === 'none',
  )
  // Credentials in the body, or discovery: the plugin's own tests hold these.
  if (open || address.scope === 'origin') return []
  if (caller === 'nobody' || caller === 'bert' || caller === 'unknown') return [401]
  if (caller === 'dora' || caller === 'olga' || address.scope === 'instance') return [401]

  if (address.scope === 'repository' && repository === 'missing') return [404]
  // pypi words an unreadable project 403, because its clients go on to the public index after a 404.
  if (caller === 'gus') return address.scope === 'repository' ? [404, 403] : [401, 403, 404, 405]

  const matching = routeAddresses(plugin).filter(
    (route) => route.scope === address.scope && route.method === asked && route.path === address.path,
  )
  if (matching.length === 0) return asked === 'GET' ? [] : [401, 403, 404, 405]
  if (matching.some(({ permission }) => readerHas.has(permission))) return []
  return address.scope === 'repository' ? [403] : [401, 403]
}

async function send(house: House, attempt: Attempt): Promise<WireAnswer> {
  const { plugin, address, method, organization, repository, caller, scheme, body } = attempt
  const token = caller === 'unknown' ? unknownToken : caller === 'nobody' ? undefined : house.token(caller)
  // And for an account of its own: whoever is guessed at a hundred times is told so.
  const login = `any-${callers}`
  const authorization = scheme === 'Bearer' ? `Bearer ${token}` : `Basic ${Buffer.from(`${login}:${token}`).toString('base64')}`
  return exchange(house.url, {
    method,
    target: mountPath(plugin, address.scope, organization, repository) + address.path,
    headers: { 'X-Forwarded-For': nextAddress(), ...(token === undefined ? {} : { Authorization: authorization }) },
    ...(body === undefined ? {} : { body }),
  })
}

let callers = 0
/** Every attempt comes from a place of its own: guessing is throttled by address, and that has tests of its own. */
function nextAddress(): string {
  callers += 1
  return `10.${(callers >> 16) & 255}.${(callers >> 8) & 255}.${callers & 255}`
}

/** An answer without what may differ: the time, the request's id, the connection, and the name in the realm. */
function withoutRealm({ status, headers, body }: WireAnswer, organization: string): string {
  const free = new Set(['date', 'x-request-id', 'request-id', 'connection', 'keep-alive'])
  const lines = headers.filter(([name]) => !free.has(name)).map(([name, value]) => `${name}: ${value}`)
  return [status, ...lines, body].join('\n').replaceAll(`realm="${organization}"`, 'realm="…"')
}

function describeAttempt({ plugin, address, method, organization, repository, caller, scheme }: Attempt): string {
  const target = mountPath(plugin, address.scope, organization, repository) + address.path
  return `${method} ${target} as ${caller}${caller === 'nobody' ? '' : ` by ${scheme}`}`
}

async function stored(house: House) {
  return { files: await house.storedFiles(), documents: await house.storedDocuments(), blobs: await house.storedBlobs() }
}

/** A few at a time: the server sees requests beside each other, as it will. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  await Promise.all(Array.from({ length: 12 }, lane))
}
