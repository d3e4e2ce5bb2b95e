import type { LogSource } from '../audit/log-row.js'
import type { Credentials } from '../auth/authenticator.js'
import type { Principal } from '../auth/principal.js'
import { cookieNames, cookieSecret } from '../auth/session-cookie.js'
import { tokenKind } from '../auth/token-format.js'
import type { Target } from '../plugin/path-grammar.js'
import type { Mount } from '../plugin/protocol-plugin.js'
import type { MountScope } from '../plugin/route-record.js'
import type { ContextRequest } from '../tenancy/context-factory.js'
import type { Tenant } from '../tenancy/tenancy.js'
import type { HouseRequest } from './house-request.js'
import type { ProtocolRequest } from './protocol-request.js'
import { RoutedRequest } from './routed-request.js'

const longestAgent = 200
const tokenHeaders = ['private-token', 'deploy-token', 'job-token', 'x-jfrog-art-api', 'x-api-key']

/** One request on its way through the house, and what is known of it so far: all that a failure is worded from. */
export class Visit {
  /** Of an organization's name in the address. */
  realm = 'cloudrepo'
  scope: MountScope | undefined
  /** Set only once the caller may know that this mount is there: it then words the failures. */
  mount: Mount | undefined
  principal: Principal | undefined
  /** Whose address it is, existing or not. */
  tenant: Tenant | undefined
  /** The handler has been called. */
  handled = false
  target: Target = { path: '/', query: '' }
  request: ProtocolRequest
  #credentials: Credentials | undefined

  constructor(readonly house: HouseRequest) {
    this.request = new RoutedRequest(house, '', '/')
  }

  get credentials(): Credentials {
    this.#credentials ??= {
      address: this.house.address,
      authorization: this.house.header('authorization') ?? this.tokenOfItsOwn(),
      ...this.cookies(),
    }
    return this.#credentials
  }

  /** On organization mounts alone: what lies at artifact addresses is served to whoever sends a header, never to a browser's memory. */
  private cookies(): Pick<Credentials, 'session' | 'device' | 'cookies'> {
    const cookies = this.scope === 'organization' ? cookieNames(this.house.publicUrl) : undefined
    if (cookies === undefined) return {}
    const header = this.house.header('cookie')
    return { cookies, session: cookieSecret(header, cookies.session), device: cookieSecret(header, cookies.device) }
  }

  /** Build tools can be set to send any header: one of the names that other repositories have for theirs, with a token of ours in it. */
  private tokenOfItsOwn(): string | undefined {
    if (this.scope !== 'repository') return undefined
    const values = tokenHeaders.map((name) => this.house.header(name)?.trim())
    const token = values.find((value) => value !== undefined && tokenKind(value) !== undefined)
    return token === undefined ? undefined : `Bearer ${token}`
  }

  /** What every context is cut from. */
  get facts(): Pick<ContextRequest, 'requestId' | 'source' | 'credentials' | 'contentLength'> {
    const { id, contentLength } = this.house
    return { requestId: id, source: this.source, credentials: this.credentials, contentLength }
  }

  /** For the log: a client may call itself anything, at any length. */
  get source(): LogSource {
    const { address } = this.house
    const agent = this.house.header('user-agent')?.slice(0, longestAgent)
    return { ip: address, ...(agent === undefined || agent === '' ? {} : { agent }) }
  }
}
