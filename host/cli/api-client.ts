import { readFileSync } from 'node:fs'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { addressOfHouse } from '../data/data-lock.js'
import { isLoopbackHost } from '../server/host-header.js'

/** The server said no: the reason goes to standard error, the exit status is 1. */
export class Refused extends Error {}
/** The command itself is wrong, in a way that its grammar does not see: exit status 2. */
export class Misused extends Error {
  readonly exitStatus = 2
}

export interface ApiOptions {
  readonly url?: string
  readonly token?: string
  /** No token is sent, and none looked for. */
  readonly anonymous?: boolean
}

/** The management interface as the command line uses it: JSON in and out, refusals as `Refused` with the server's own reason. */
export class ApiClient {
  private readonly token: string
  private readonly tokenGiven: boolean
  private base: URL | undefined
  private found = false

  /** Options, then `CLOUDREPO_URL` and `CLOUDREPO_TOKEN`, then the server that runs on this machine's data folder and the operator's token there. */
  constructor({ url, token, anonymous = false }: ApiOptions) {
    const address = url ?? process.env['CLOUDREPO_URL']
    if (address !== undefined) this.base = baseOf(address)
    const given = anonymous ? '' : (token ?? process.env['CLOUDREPO_TOKEN'])
    this.tokenGiven = given !== undefined
    this.token = (given ?? operatorToken()).trim()
    if (!anonymous && !/^[\x21-\x7e]+$/.test(this.token)) throw new Misused('error: a token is one word of plain characters')
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.send<Answer>('GET', path)
  }

  /** Every item of a paged list. */
  async *list<Item>(path: string, query: Readonly<Record<string, string>> = {}): AsyncIterable<Item> {
    let cursor: string | null = null
    do {
      const asked: URLSearchParams = new URLSearchParams({ ...query, limit: '1000', ...(cursor === null ? {} : { cursor }) })
      const page: { readonly items: readonly Item[]; readonly next: string | null } = await this.get(`${path}?${asked}`)
      yield* page.items
      cursor = page.next
    } while (cursor !== null)
  }

  send<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    if (body === undefined) return this.exchange(method, path, {})
    const content = Buffer.from(JSON.stringify(body))
    const headers = { 'content-type': 'application/json', 'content-length': String(content.length) }
    return this.exchange(method, path, headers, (sent) => sent.end(content))
  }

  /** A body of unknown length, sent as it is read. */
  async upload<Answer>(method: string, path: string, type: string, body: Readable): Promise<Answer> {
    let unreadable: Error | undefined
    body.once('error', (error) => {
      unreadable = error
    })
    try {
      // Whoever refuses early stops listening; the answer says why.
      return await this.exchange(method, path, { 'content-type': type }, (sent) => pipeline(body, sent, () => {}))
    } catch (failure) {
      throw unreadable ?? failure
    }
  }

  /** A body of any length, as it comes. Fails where the server broke it off. */
  async download(path: string): Promise<Readable> {
    const { response } = await this.request('GET', path, {})
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    throw new Refused(reason(status, await textOf(response)))
  }

  private async exchange<Answer>(
    method: string,
    path: string,
    described: Readonly<Record<string, string>>,
    send: (sent: ClientRequest) => unknown = (sent) => sent.end(),
  ): Promise<Answer> {
    const { response, base } = await this.request(method, path, described, send)
    const text = await textOf(response)
    const status = response.statusCode ?? 0
    if (status < 200 || status >= 300) throw new Refused(reason(status, text))
    if (text === '') return undefined as Answer
    try {
      return JSON.parse(text) as Answer
    } catch {
      throw new Refused(`${base.href} answers, but not as a cloudrepo server does`)
    }
  }

  private async request(
    method: string,
    path: string,
    described: Readonly<Record<string, string>>,
    send: (sent: ClientRequest) => unknown = (sent) => sent.end(),
  ): Promise<{ readonly response: IncomingMessage; readonly base: URL }> {
    // An address would be read without such a segment, and name something else.
    if (
      path
        .replace(/\?.*$/s, '')
        .split('/')
        .some((segment) => /^\.{0,2}$/.test(segment))
    )
      throw new Misused('error: a name is empty, or nothing but dots')
    if (this.base === undefined) {
      this.base = await nearestHouse(this.tokenGiven)
      this.found = true
    }
    const { base } = this
    const url = new URL(path, base)
    const authorization = this.token === '' ? {} : { authorization: `Bearer ${this.token}` }
    const headers = { ...authorization, accept: 'application/json', ...described }
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest
    // Of the house that holds the lock, at its own address on this machine: no name is there to be checked.
    const own = this.found && isLoopbackHost(base.hostname) ? { rejectUnauthorized: false } : {}
    return new Promise((resolve, reject) => {
      const sent = open(url, { method, headers, timeout: 60_000, ...own }, (response) => resolve({ response, base }))
      sent.on('timeout', () => sent.destroy(new Error('no answer within a minute')))
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // Of a name with several addresses the message is empty, and the code says it.
        reject(new Refused(`${base.href} does not answer: ${error.message || error.code}`))
      })
      send(sent)
    })
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** The server's own words, whatever shape they came in. */
function reason(status: number, text: string): string {
  try {
    const { detail, title, error } = JSON.parse(text) as { detail?: string; title?: string; error?: string }
    const words = detail ?? error ?? title
    if (words) return status === 401 ? `${words}: is the token right, and of this organization or an operator's?` : words
  } catch {
    // A plain text answer says it as it is.
  }
  return text.trim() || `the server answered ${status}`
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol)) return new URL(`${url.origin}${url.pathname.replace(/\/+$/, '')}/`)
  // What stands before an '@' may be a password, and a CI keeps what its commands print.
  throw new Misused(`error: ${text.includes('@') ? 'the address of the server' : text} is no http or https address`)
}

/** Of the server that runs by the settings of this folder. */
function dataFolder(): string {
  return process.env['CLOUDREPO_DATA'] ?? dataOfSettings() ?? './data'
}

/** Asked of the lock, and only a token that was given goes to the usual port unasked: whoever else listens there would be sent the operator's. */
async function nearestHouse(tokenGiven: boolean): Promise<URL> {
  const folder = dataFolder()
  const address = await addressOfHouse(folder)
  if (address !== undefined) return baseOf(address)
  if (tokenGiven) return baseOf('http://127.0.0.1:8080')
  throw new Refused(`no server runs on the data folder ${folder}: start it, or give --url or CLOUDREPO_URL`)
}

function operatorToken(): string {
  const file = join(dataFolder(), 'operator-token')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new Refused(`no token: give --token or CLOUDREPO_TOKEN, or run this where ${file} can be read`)
  }
}

function dataOfSettings(): string | undefined {
  try {
    const settings = JSON.parse(readFileSync('cloudrepo.json', 'utf8')) as { readonly data?: unknown } | null
    return typeof settings?.data === 'string' ? settings.data : undefined
  } catch {
    // No such file, or one that is `serve`'s to complain about.
    return undefined
  }
}
