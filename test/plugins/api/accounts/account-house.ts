import { randomUUID } from 'node:crypto'
import type { Json } from '#core'
import api from '../../../../plugins/api/index.js'
import raw from '../../../../plugins/raw/index.js'
import { FixedClock } from '../../../support/fixed-clock.js'
import { type Answer, type House, type HouseOptions, openHouse } from '../../../support/house.js'
import { codeIn } from '../../../support/mail-server.js'
import { Mailbox } from '../../../support/mailbox.js'
import { type Management, operatorOf, type Thing } from '../../../support/management.js'

export const password = 'seven-brown-foxes'
export const better = 'nine-green-herons'

/** A house with a mailbox and a clock that stands still; its mail goes out when a test says so. */
export class AccountHouse {
  readonly operator: Management

  private constructor(
    readonly house: House,
    readonly clock: FixedClock,
    readonly mailbox: Mailbox,
  ) {
    this.operator = operatorOf(house)
  }

  static async open(options: Partial<HouseOptions> = {}, clock = new FixedClock()): Promise<AccountHouse> {
    const mailbox = new Mailbox()
    const house = await openHouse({
      plugins: [raw, api],
      repositories: options.beside ? [] : [{ name: 'files', format: 'raw' }],
      behindProxy: true,
      clock,
      idle: true,
      parts: async () => ({ mail: { mailer: mailbox, publicUrl: new URL('https://repo.example.com/') } }),
      ...options,
    })
    return new AccountHouse(house, clock, mailbox)
  }

  close(): Promise<void> {
    return this.house.close()
  }

  /** From an address of its own, unless it is said: what is counted by address has tests of its own. */
  post(path: string, body: unknown, { from = nextAddress(), headers = {} }: PostOptions = {}): Promise<Answer> {
    return this.house.call('POST', `/acme/-/api/v1/${path}`, {
      as: 'nobody',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': from, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  /** What went out by now. */
  async mail() {
    await this.house.kernel.chores.run('mail')
    return this.mailbox.take()
  }
  async oneCode(): Promise<string> {
    const [letter] = await this.mail()
    return codeIn(letter?.text ?? '')
  }
  /** A reset code of ada's. */
  async resetCode(email = 'ada@acme.example'): Promise<string> {
    await this.post('password/forgot', { email })
    return this.oneCode()
  }

  async ada(more: Thing = {}): Promise<Thing> {
    const fields = { name: 'ada', email: 'ada@acme.example', emailVerified: true, role: 'developer', password }
    return this.operator.done('POST', 'members', { ...fields, ...more })
  }

  /** Status of an upload with login and password. */
  async basic(login: string, secret: string): Promise<number> {
    const authorization = `Basic ${Buffer.from(`${login}:${secret}`).toString('base64')}`
    const headers = { authorization, 'x-forwarded-for': nextAddress() }
    return (await this.house.call('PUT', `/acme/files/${randomUUID()}`, { as: 'nobody', headers, body: 'a' })).status
  }
  async bearer(token: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` }
    return (await this.house.call('PUT', `/acme/files/${randomUUID()}`, { as: 'nobody', headers, body: 'a' })).status
  }

  /** Rows that codes, invitations and mails are made of: partition and path, and what stands there. */
  async rows(): Promise<readonly (readonly [string, Json])[]> {
    const found: [string, Json][] = []
    for await (const { entry } of this.house.parts.metadata.scan()) {
      const { partition, path } = entry.key
      const [org = '', kind = '', ...rest] = partition.split('\0')
      const place =
        org === '.' && kind === 'mail'
          ? `mail ${path[0]}`
          : kind === 't' && path[0] === 'reset'
            ? 'code'
            : kind === 'm' && (path[0] === 'reset' || path[0] === 'verified-email')
              ? `member ${path[0]}`
              : kind === 'o' && path[0] === 'invitation'
                ? 'invitation'
                : undefined
      if (place !== undefined && rest.length < 3) found.push([place, entry.value])
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1))
  }
  async places(): Promise<readonly string[]> {
    return (await this.rows()).map(([place]) => place)
  }
}

interface PostOptions {
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
}

let callers = 0
function nextAddress(): string {
  callers += 1
  return `10.${(callers >> 16) & 255}.${(callers >> 8) & 255}.${callers & 255}`
}
