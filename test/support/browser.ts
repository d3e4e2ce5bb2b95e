import type { Answer, House } from './house.js'

export interface BrowserCall {
  readonly body?: unknown
  /** Null takes one away that would be sent. */
  readonly headers?: Readonly<Record<string, string | null>>
}

/** What a page of the house does: it keeps cookies, says where it is, and sends the token of its session. */
export class Browser {
  readonly cookies = new Map<string, string>()
  csrf = ''

  /** `origin`: where the page is, if that is not the address that the house listens at. */
  constructor(
    private readonly house: Pick<House, 'call' | 'url'>,
    private readonly organization = 'acme',
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** Below `/{organization}/-/api/v1/`. */
  async call(method: string, path: string, { body, headers = {} }: BrowserCall = {}): Promise<Answer> {
    const writes = method !== 'GET' && method !== 'HEAD'
    const usual: Record<string, string | null> = {
      ...this.headers,
      ...(this.cookies.size === 0 ? {} : { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
      ...(writes ? { origin: this.house.url, 'sec-fetch-site': 'same-origin' } : {}),
      ...(writes && this.csrf !== '' ? { 'x-csrf-token': this.csrf } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    }
    const sent = Object.fromEntries(Object.entries(usual).filter((pair): pair is [string, string] => pair[1] !== null))
    const target = `/${this.organization}/-/api/v1/${path}`
    const answer = await this.house.call(method, target, {
      as: 'nobody',
      headers: sent,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    this.keep(answer)
    return answer
  }

  signIn(login: string, password: string, code?: string): Promise<Answer> {
    return this.call('POST', 'session', { body: { login, password, ...(code === undefined ? {} : { code }) } })
  }

  /** The session cookie, whatever it is called. */
  get sid(): string | undefined {
    return this.cookies.get('sid') ?? this.cookies.get('__Host-sid')
  }

  private keep(answer: Answer): void {
    for (const one of (answer.headers['set-cookie'] ?? '').split(/, (?=[\w-]+=)/)) {
      const [name = '', value = ''] = one.split(';', 1)[0]?.split('=') ?? []
      if (name === '') continue
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    const token =
      answer.headers['content-type'] === 'application/json' ? (answer.json() as { csrfToken?: string }).csrfToken : undefined
    if (token !== undefined) this.csrf = token
  }
}
