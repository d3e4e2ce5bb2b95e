import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'

/** The server said no: the reason goes to standard error, the exit status is 1. */
export class Refused extends Error {}

export interface ApiOptions {
  readonly url?: string
  readonly token?: string
}

/** The management interface as the command line uses it: JSON in and out, refusals as `Refused` with the server's own reason. */
export class ApiClient {
  private readonly base: URL
  private readonly token: string

  /** Options, then `CLOUDREPO_URL` and `CLOUDREPO_TOKEN`, then a server on this machine and the operator's token in its data folder. */
  constructor({ url, token }: ApiOptions) {
    this.base = new URL(`${(url ?? process.env['CLOUDREPO_URL'] ?? 'http://127.0.0.1:8080').replace(/\/+$/, '')}/`)
    this.token = token ?? process.env['CLOUDREPO_TOKEN'] ?? operatorToken()
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.send<Answer>('GET', path)
  }

  /** Every item of a paged list. */
  async *list<Item>(path: string): AsyncIterable<Item> {
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page: { readonly items: readonly Item[]; readonly next: string | null } = await this.get(`${path}?limit=1000${query}`)
      yield* page.items
      cursor = page.next
    } while (cursor !== null)
  }

  /** Every item of a list that has one page. */
  async *whole<Item>(path: string): AsyncIterable<Item> {
    yield* (await this.get<{ readonly items: readonly Item[] }>(path)).items
  }

  send<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const url = new URL(path, this.base)
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}`, accept: 'application/json' }
    if (content) Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(content.length) })
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const sent = open(url, { method, headers, timeout: 60_000 }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          const status = response.statusCode ?? 0
          if (status >= 200 && status < 300) resolve((text === '' ? undefined : JSON.parse(text)) as Answer)
          else reject(new Refused(reason(status, text)))
        })
      })
      sent.on('timeout', () => sent.destroy(new Error('no answer within a minute')))
      sent.on('error', (error) => reject(new Refused(`${this.base.href} does not answer: ${error.message}`)))
      sent.end(content)
    })
  }
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

function operatorToken(): string {
  const file = join(process.env['CLOUDREPO_DATA'] ?? './data', 'operator-token')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new Refused(`no token: give --token or CLOUDREPO_TOKEN, or run this where ${file} can be read`)
  }
}
