import { expect } from 'chai'
import type { RouteDescription } from '#core'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { type House, openHouse } from '../../support/house.js'

type Json = Readonly<Record<string, unknown>>
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly description?: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Json }>> }
  readonly responses: Readonly<Record<string, Json>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly responses: Readonly<Record<string, Json>> }
}

const routes = api.mounts.flatMap((mount) =>
  mount.routes.map(({ method, path, permission, describe }) => ({ scope: mount.scope, method, path, permission, describe })),
)

describe('the description of the management interface', () => {
  let house: House
  let document: Document
  before(async () => {
    house = await openHouse({ plugins: [raw, api] })
    document = (await house.call('GET', '/-/api/v1/openapi.json', { as: 'nobody' })).json() as Document
  })
  after(() => house.close())

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ where: `${method.toUpperCase()} ${path}`, ...operation })),
    )
  /** A schema, or what it refers to. */
  const resolve = (schema: Json): Json => {
    const reference = schema['$ref']
    return typeof reference === 'string' ? (document.components.schemas[reference.split('/').at(-1) ?? ''] ?? {}) : schema
  }

  for (const { scope, method, path, permission, describe: described } of routes)
    it(`tells what ${method} ${path} of the ${scope} takes and answers`, () => {
      expect(described?.summary).to.match(/^[A-Z]/)
      const { answers } = described as RouteDescription
      const statuses = Object.keys(answers).map(Number)
      expect(statuses.filter((status) => status < 300)).to.have.length(1)
      expect(statuses).to.include.members([400, 403, 414, 503])
      if (permission !== 'none') expect(statuses).to.include.members([401, 429])
      if (scope === 'organization') expect(statuses).to.include(404)
      if (described?.body !== undefined) expect(statuses).to.include.members([413, 415])
      for (const [status, { description, body }] of Object.entries(answers)) {
        expect(description, status).to.match(/^\S/)
        expect(body === undefined, `a body of ${status}`).to.equal(status === '204')
      }
    })

  it('has an operation for every route, at its whole address, each of a name of its own', () => {
    const expected = routes.map(
      ({ scope, method, path }) => `${method} ${scope === 'organization' ? '/{org}' : ''}/-/api${path.replace('+}', '}')}`,
    )
    expect(operations().map(({ where }) => where)).to.have.members(expected)
    const names = operations().map(({ operationId }) => operationId)
    expect(new Set(names).size).to.equal(names.length)
    for (const name of names) expect(name).to.match(/^[a-z][A-Za-z]+$/)
    expect(names).to.include.members(['listRepositories', 'createRepository', 'setGroupMember', 'instanceDeleteOrganization'])
  })

  it('describes every placeholder and parameter, and both of every list', () => {
    for (const { where, parameters, responses } of operations()) {
      const placed = parameters.filter((one) => one.in === 'path').map(({ name }) => name)
      expect(placed, where).to.deep.equal([...where.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      for (const { name, description } of parameters) expect(description, `${where}: ${name}`).to.match(/^[A-Z'`]\S*\s/)
      if (!parameters.some(({ name }) => name === 'cursor')) continue
      expect(
        parameters.map(({ name }) => name),
        where,
      ).to.include('limit')
      const content = responses['200']?.['content'] as Readonly<Record<string, { readonly schema: Json }>>
      const schema = resolve(content['application/json']?.schema ?? {})
      expect(schema['additionalProperties'], where).to.equal(false)
      // A package tells of itself beside the pages of its versions.
      if (where === 'GET /{org}/-/api/v1/packages/{repository}/{package}')
        expect(schema['required']).to.include.members(['versionCount', 'versions', 'next'])
      else expect(schema['required'], where).to.deep.equal(['items', 'next'])
    }
  })

  it('takes no field that it does not name, in any body, however deep', () => {
    const loose: string[] = []
    const walk = (schema: unknown, where: string): void => {
      if (typeof schema !== 'object' || schema === null) return
      const object = schema as Json
      if (object['type'] === 'object' && object['additionalProperties'] !== false) loose.push(where)
      for (const [name, inner] of Object.entries(object)) walk(inner, `${where}.${name}`)
    }
    for (const { where, requestBody } of operations()) {
      const schema = requestBody?.content['application/json']?.schema
      if (schema !== undefined) walk(resolve(schema), where)
    }
    expect(loose).to.deep.equal([])
  })

  it('names its schemas once and refers to nothing that is not there', () => {
    const referred = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)]
    expect(referred.length).to.be.above(100)
    for (const [, kind, name] of referred) {
      const components = document.components as unknown as Readonly<Record<string, Json>>
      expect(components[kind ?? '']?.[name ?? ''], `${kind} ${name}`).to.be.an('object')
    }
    expect(Object.keys(document.components.schemas)).to.include.members([
      'Repository',
      'Member',
      'Token',
      'Problem',
      'NewRepository',
    ])
  })

  it('is for everybody, the same bytes whoever asks, and known again by its tag', async () => {
    const nobody = await house.call('GET', '/-/api/v1/openapi.json', { as: 'nobody' })
    expect([nobody.status, nobody.headers['content-type']]).to.deep.equal([200, 'application/json'])
    const forged = await house.call('GET', '/-/api/v1/openapi.json', {
      as: 'nobody',
      headers: { authorization: 'Bearer crt_o_x' },
    })
    const member = await house.call('GET', '/-/api/v1/openapi.json', { as: 'rita' })
    expect([forged.text(), member.text()]).to.deep.equal([nobody.text(), nobody.text()])
    const again = await house.call('GET', '/-/api/v1/openapi.json', {
      as: 'nobody',
      headers: { 'if-none-match': nobody.headers['etag'] ?? '' },
    })
    expect([again.status, again.body.length]).to.deep.equal([304, 0])
    expect((await house.call('GET', '/-/api/v1/openapi.json?pretty=1', { as: 'nobody' })).status).to.equal(400)
    expect((await house.call('DELETE', '/-/api/v1/openapi.json', { as: 'nobody' })).status).to.equal(401)
  })
})
