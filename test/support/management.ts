import { expect } from 'chai'
import type { Answer, House } from './house.js'

export type Thing = Readonly<Record<string, unknown>>

/** The management interface as one caller has it: JSON in, answers out. */
export class Management {
  constructor(
    private readonly house: House,
    private readonly token: string,
    /** '/acme/-/api/v1/', '/-/api/v1/' */
    private readonly base: string,
  ) {}

  send(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.house.call(method, this.base + path, {
      as: 'nobody',
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  /** The answer of something that works: its status, and its body where it has one. */
  async done(method: string, path: string, body?: unknown): Promise<Thing> {
    const answer = await this.send(method, path, body)
    expect(answer.status, `${method} ${path}: ${answer.text()}`).to.be.within(200, 299)
    return answer.body.length === 0 ? {} : (answer.json() as Thing)
  }

  async items(path: string): Promise<readonly Thing[]> {
    return (await this.done('GET', path))['items'] as readonly Thing[]
  }
}

export function operatorOf(house: House, organization = 'acme'): Management {
  return new Management(house, house.operatorToken(), `/${organization}/-/api/v1/`)
}
export function instanceOf(house: House): Management {
  return new Management(house, house.operatorToken(), '/-/api/v1/')
}
export function memberOf(house: House, somebody: 'olga' | 'dora' | 'rita' | 'gus' | 'bert', organization = 'acme'): Management {
  return new Management(house, house.token(somebody), `/${organization}/-/api/v1/`)
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Unprocessable content',
}

/** The whole of a refusal: an RFC 9457 document with the id of its request, and `more` where it says more. */
export function expectRefusal(answer: Answer, status: number, code: string, detail: string, more: Thing = {}): void {
  expect(answer.headers['content-type']).to.equal('application/problem+json')
  expect(answer.json()).to.deep.equal({
    type: 'about:blank',
    title: titles[status],
    status,
    detail,
    code,
    requestId: answer.headers['x-request-id'],
    ...more,
  })
  expect(answer.status).to.equal(status)
}

/** A member's token is not enough, whatever the member may do: the words of the house's 403. */
export function expectForbidden(answer: Answer, permission: string): void {
  expectRefusal(answer, 403, 'forbidden', `This needs the permission ${permission}`)
}
