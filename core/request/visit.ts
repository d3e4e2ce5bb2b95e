import type { Credentials } from '../auth/authenticator.js'
import type { Principal } from '../auth/principal.js'
import type { Target } from '../plugin/path-grammar.js'
import type { Mount } from '../plugin/protocol-plugin.js'
import type { MountScope } from '../plugin/route-record.js'
import type { ContextRequest } from '../tenancy/context-factory.js'
import type { HouseRequest } from './house-request.js'
import type { ProtocolRequest } from './protocol-request.js'
import { RoutedRequest } from './routed-request.js'

/** One request on its way through the house, and what is known of it so far: all that a failure is worded from. */
export class Visit {
  /** Of an organization's name in the address. */
  realm = 'cloudrepo'
  scope: MountScope | undefined
  /** Set only once the caller may know that this mount is there: it then words the failures. */
  mount: Mount | undefined
  principal: Principal | undefined
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
      authorization: this.house.header('authorization'),
      cookie: this.house.header('cookie'),
    }
    return this.#credentials
  }

  /** What every context is cut from. */
  get facts(): Pick<ContextRequest, 'requestId' | 'credentials' | 'contentLength'> {
    const { id, contentLength } = this.house
    return { requestId: id, credentials: this.credentials, contentLength }
  }
}
