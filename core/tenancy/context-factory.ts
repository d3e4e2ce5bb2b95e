import type { LogSource } from '../audit/log-row.js'
import type { Credentials } from '../auth/authenticator.js'
import type { Permission } from '../auth/permission.js'
import type { Principal } from '../auth/principal.js'
import type { ProtocolPlugin } from '../plugin/protocol-plugin.js'
import type { InstanceContext } from './instance-context.js'
import type { OrganizationContext } from './organization-context.js'
import type { OriginContext } from './origin-context.js'
import type { Repository } from './repository.js'
import type { RepositoryContext } from './repository-context.js'
import type { Tenant } from './tenancy.js'

/** A context and its end: what was staged and not committed is dropped, and the context is dead. */
export interface OpenContext<Context> {
  readonly context: Context
  close(): Promise<void>
}

/** Everything a context is cut from. The dispatcher has already held `ceiling` against the principal. */
export interface ContextRequest {
  readonly tenant: Tenant
  readonly plugin: ProtocolPlugin
  readonly principal: Principal
  /** The route's declared permission; 'none' is a context that can do nothing but sign in. */
  readonly ceiling: Permission | 'none'
  readonly mountUrl: URL
  readonly requestId: string
  /** Whence it came, for the log. */
  readonly source?: LogSource
  readonly credentials: Credentials
  /** Of the body, where declared: the room it needs is asked for before a byte is read. */
  readonly contentLength?: number | undefined
}
export interface RepositoryContextRequest extends ContextRequest {
  readonly repository: Repository
  /** The rest of the path that grants with a prefix are held against. */
  readonly path?: string
  /** Other paths that the request names in its headers or its body: grants are held against each of them too. */
  readonly reach?: readonly string[]
}

export interface ContextFactory {
  repository(request: RepositoryContextRequest): OpenContext<RepositoryContext>
  organization(request: ContextRequest): OpenContext<OrganizationContext>
  origin(request: Omit<ContextRequest, 'tenant' | 'principal' | 'ceiling'>): OpenContext<OriginContext>
  instance(request: Omit<ContextRequest, 'tenant'>): OpenContext<InstanceContext>
}
export const ContextFactory = Symbol('ContextFactory')
