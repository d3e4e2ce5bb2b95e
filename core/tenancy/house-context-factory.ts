import { principalId } from '../auth/principal.js'
import { unprocessable } from '../errors/registry-error.js'
import type { ChoreDesk } from '../housekeeping/chore.js'
import type { RouteRecord } from '../plugin/route-record.js'
import type { ContextFactory, ContextRequest, OpenContext, RepositoryContextRequest } from './context-factory.js'
import { ContextSession } from './context-session.js'
import { HouseOrganizationContext } from './house-organization-context.js'
import { HouseRepositoryContext, type RepositoryContextParts } from './house-repository-context.js'
import type { InstanceContext } from './instance-context.js'
import type { OrganizationContext } from './organization-context.js'
import type { OriginContext } from './origin-context.js'
import type { RepositoryContext } from './repository-context.js'

/** Cuts contexts from what the dispatcher has decided. */
export class HouseContextFactory implements ContextFactory {
  constructor(
    private readonly parts: RepositoryContextParts,
    private readonly routes: () => readonly RouteRecord[],
    private readonly chores: ChoreDesk,
  ) {}

  /** Within another context of the same request. */
  within(request: RepositoryContextRequest, session: ContextSession): RepositoryContext {
    return new HouseRepositoryContext(this.parts, request, session)
  }

  repository(request: RepositoryContextRequest): OpenContext<RepositoryContext> {
    const session = new ContextSession(this.parts.metadata)
    return { context: new HouseRepositoryContext(this.parts, request, session), close: () => session.close() }
  }

  organization(request: ContextRequest): OpenContext<OrganizationContext> {
    const session = new ContextSession(this.parts.metadata)
    return { context: new HouseOrganizationContext(this.parts, request, session), close: () => session.close() }
  }

  /** Nobody can register a publisher yet, so no token matches one. */
  origin(): OpenContext<OriginContext> {
    return {
      context: {
        exchange: async () => {
          throw unprocessable('No publisher is registered for this token')
        },
      },
      close: async () => {},
    }
  }

  instance(request: Omit<ContextRequest, 'tenant'>): OpenContext<InstanceContext> {
    const { principal, mountUrl, requestId, source, plugin } = request
    const caller = { principal, requestId, ...(source === undefined ? {} : { source }) }
    const { advisories, readOnly } = this.parts
    return {
      context: {
        principal,
        mountUrl,
        log: this.parts.log.with({ plugin: plugin.name, requestId }),
        organizations: this.parts.handles.organizations(caller),
        chores: this.chores,
        advisories: {
          status: () => advisories.status(),
          load: async (feed) => {
            await readOnly.holdInstance()
            return advisories.load(feed, principalId(principal))
          },
          clear: async () => {
            await readOnly.holdInstance()
            return advisories.clear()
          },
        },
        routes: this.routes,
      },
      close: async () => {},
    }
  }
}
