import { expect } from 'chai'
import raw from '../../../plugins/raw/index.js'
import scim from '../../../plugins/scim/index.js'
import { type House, openHouse } from '../../support/house.js'

interface Described {
  readonly [name: string]: unknown
  readonly subAttributes?: readonly Described[]
}

describe('discovery documents of SCIM', () => {
  let house: House
  before(async () => {
    house = await openHouse({ plugins: [raw, scim] })
  })
  after(() => house.close())

  const get = (path: string, organization = 'acme') => house.call('GET', `/${organization}/-/scim/v2/${path}`, { as: 'nobody' })

  it('say what the server can do, to everybody, with bytes that do not tell whether the organization exists', async () => {
    const answer = await get('ServiceProviderConfig')
    expect([answer.status, answer.headers['content-type']]).to.deep.equal([200, 'application/scim+json; charset=utf-8'])
    expect(answer.json()).to.deep.equal({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1000, maxPayloadSize: 1_048_576 },
      filter: { supported: true, maxResults: 200 },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: 'index',
        defaultPageSize: 100,
        maxPageSize: 200,
        cursorTimeout: 3600,
      },
      authenticationSchemes: [
        {
          type: 'oauthbearertoken',
          name: 'OAuth Bearer Token',
          description: 'SCIM token of the organization in the Authorization header',
          specUri: 'https://www.rfc-editor.org/info/rfc6750',
          primary: true,
        },
      ],
      meta: {
        resourceType: 'ServiceProviderConfig',
        location: `${house.url}/acme/-/scim/v2/ServiceProviderConfig`,
      },
    })
    for (const path of ['ServiceProviderConfig', 'ResourceTypes', 'Schemas', 'Schemas/']) {
      const [here, nowhere] = [await get(path, 'acme'), await get(path, 'none')]
      expect(nowhere.status).to.equal(200)
      expect(nowhere.text().replaceAll('/none/-/', '/acme/-/')).to.equal(here.text())
    }
  })

  it('list the two resource types, and each alone', async () => {
    const list = (await get('ResourceTypes')).json() as { totalResults: number; Resources: Described[] }
    expect(list.totalResults).to.equal(2)
    expect(list.Resources[0]).to.deep.equal({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'User Account',
      schema: 'urn:ietf:params:scim:schemas:core:2.0:User',
      schemaExtensions: [{ schema: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User', required: false }],
      meta: { resourceType: 'ResourceType', location: `${house.url}/acme/-/scim/v2/ResourceTypes/User` },
    })
    expect((await get('ResourceTypes/Group')).json()).to.deep.equal(list.Resources[1])
  })

  it('spell every characteristic of every attribute, and describe themselves', async () => {
    const list = (await get('Schemas')).json() as { Resources: (Described & { attributes: Described[] })[] }
    expect(list.Resources.map(({ name }) => name)).to.deep.equal([
      'User',
      'Group',
      'EnterpriseUser',
      'Schema',
      'ResourceType',
      'ServiceProviderConfig',
    ])
    const check = (one: Described): void => {
      const said = ['name', 'type', 'multiValued', 'description', 'required', 'mutability', 'returned']
      expect(one, String(one['name'])).to.include.keys(
        ...said,
        ...(one['type'] === 'complex' ? ['subAttributes'] : ['caseExact', 'uniqueness']),
      )
      expect(Object.values(one)).to.not.include(null)
      for (const sub of one.subAttributes ?? []) check(sub)
    }
    for (const { attributes } of list.Resources) for (const one of attributes) check(one)
    const user = await get('Schemas/URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER')
    expect(user.json()).to.deep.equal(list.Resources[0])
    expect(user.text()).to.not.contain('password')
  })

  it("refuse a filter with 403, and what is not there with 404, in SCIM's words", async () => {
    const refusals = [
      ['Schemas?filter=id%20pr', 403, 'Discovery documents cannot be filtered'],
      ['Schemas/urn:x', 404, 'Schema not found: urn:x'],
      ['ResourceTypes/user', 404, 'Resource type not found: user'],
    ] as const
    for (const [path, status, detail] of refusals) {
      const answer = await get(path)
      expect([answer.status, answer.headers['content-type']]).to.deep.equal([status, 'application/scim+json; charset=utf-8'])
      expect(answer.json()).to.deep.equal({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        status: String(status),
        detail,
      })
    }
  })
})
