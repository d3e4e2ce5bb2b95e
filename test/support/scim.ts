import { expect } from 'chai'
import type { ProtocolPlugin } from '#core'
import api from '../../plugins/api/index.js'
import raw from '../../plugins/raw/index.js'
import scim from '../../plugins/scim/index.js'
import { type Answer, type House, type HouseOptions, openHouse } from './house.js'
import { operatorOf } from './management.js'

export type Resource = Readonly<Record<string, unknown>> & {
  readonly id: string
  readonly meta: Readonly<Record<string, string>>
}
export interface List {
  readonly totalResults: number
  readonly startIndex?: number
  readonly itemsPerPage: number
  readonly nextCursor?: string
  readonly Resources: readonly Resource[]
}

export const urn = {
  user: 'urn:ietf:params:scim:schemas:core:2.0:User',
  group: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  enterprise: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  patch: 'urn:ietf:params:scim:api:messages:2.0:PatchOp',
  search: 'urn:ietf:params:scim:api:messages:2.0:SearchRequest',
  bulk: 'urn:ietf:params:scim:api:messages:2.0:BulkRequest',
  error: 'urn:ietf:params:scim:api:messages:2.0:Error',
} as const
export const mediaType = 'application/scim+json; charset=utf-8'

export function scimHouse(options: Partial<HouseOptions> = {}): Promise<House> {
  const plugins: readonly ProtocolPlugin[] = [raw, api, scim]
  return openHouse({ plugins, repositories: [{ name: 'files', format: 'raw' }], ...options })
}

/** An identity provider of one organization: SCIM's JSON in, answers out. */
export class Provider {
  constructor(
    readonly house: House,
    readonly token: string,
    readonly organization = 'acme',
  ) {}

  static async of(house: House, organization = 'acme', connection = 'okta'): Promise<Provider> {
    const { token } = await operatorOf(house, organization).done('POST', 'scim-tokens', { connection })
    return new Provider(house, String(token), organization)
  }

  get base(): string {
    return `/${this.organization}/-/scim/v2`
  }

  async send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await this.house.call(method, this.base + path, {
      as: 'nobody',
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const empty = answer.status === 204 || answer.status === 304
    if (!empty) expect(answer.headers['content-type'], `${method} ${path}: ${answer.text()}`).to.equal(mediaType)
    return answer
  }

  /** The body of an answer with this status. */
  async done<T = Resource>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.send(method, path, body)
    expect(answer.status, `${method} ${path}: ${answer.text()}`).to.equal(status)
    return (answer.body.length === 0 ? undefined : answer.json()) as T
  }

  user(userName: string, more: object = {}): Promise<Resource> {
    return this.done(201, 'POST', '/Users', { schemas: [urn.user], userName, ...more })
  }
  group(displayName: string, members: readonly Resource[] = [], more: object = {}): Promise<Resource> {
    const list = members.map(({ id }) => ({ value: id }))
    return this.done(201, 'POST', '/Groups', { schemas: [urn.group], displayName, members: list, ...more })
  }
  patch(path: string, ...operations: readonly object[]): Promise<Answer> {
    return this.send('PATCH', path, { schemas: [urn.patch], Operations: operations })
  }
  list(path: string): Promise<List> {
    return this.done<List>(200, 'GET', path)
  }
  async names(filter: string, path = '/Users'): Promise<readonly unknown[]> {
    const { Resources } = await this.list(`${path}?filter=${encodeURIComponent(filter)}`)
    return Resources.map((one) => one['userName'] ?? one['displayName'])
  }
}

/** The whole of a refusal in SCIM's words. */
export function expectScimError(answer: Answer, status: number, detail: string, scimType?: string): void {
  expect(answer.json()).to.deep.equal({
    schemas: [urn.error],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail,
  })
  expect([answer.status, answer.headers['content-type']]).to.deep.equal([status, mediaType])
}
