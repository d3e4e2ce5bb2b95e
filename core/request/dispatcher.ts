import { inject, injectable } from 'tsyringe'
import { AuditNotes } from '../audit/audit-notes.js'
import { AccessPolicy } from '../auth/access-policy.js'
import { Authenticator } from '../auth/authenticator.js'
import { hidden } from '../errors/registry-error.js'
import { parseHouse } from '../plugin/house-address.js'
import { holdRestToFloor, splitTarget } from '../plugin/path-grammar.js'
import { encodeSegment } from '../plugin/path-segment.js'
import { PluginRegistry } from '../plugin/plugin-registry.js'
import { Clock } from '../runtime/clock.js'
import { Logger } from '../runtime/logger.js'
import { ContextFactory } from '../tenancy/context-factory.js'
import { ReadOnly } from '../tenancy/read-only.js'
import { Tenancy } from '../tenancy/tenancy.js'
import { DownloadCounter } from '../usage/download-counter.js'
import { refuseCrossSite } from './cross-site.js'
import { failureReply } from './failure-reply.js'
import type { HouseRequest } from './house-request.js'
import { serveInstance, serveOrganization, serveOrigin } from './management-requests.js'
import { noteRefusedCredentials } from './refused-credentials.js'
import type { Reply } from './reply.js'
import { withHouseHeaders } from './reply-headers.js'
import { type DispatchParts, serveRepository } from './repository-requests.js'
import { RequestRates } from './request-rates.js'
import { Visit } from './visit.js'

/** Tenant, route, caller, permission, context, handler, failure: in that order, once, for every request. A refusal reads no byte of the body. */
@injectable()
export class Dispatcher {
  readonly #tenancy: Tenancy
  readonly #parts: DispatchParts
  readonly #notes: AuditNotes

  constructor(
    @inject(Tenancy) tenancy: Tenancy,
    @inject(Authenticator) authenticator: Authenticator,
    @inject(AccessPolicy) policy: AccessPolicy,
    @inject(ContextFactory) contexts: ContextFactory,
    @inject(PluginRegistry) plugins: PluginRegistry,
    @inject(ReadOnly) readOnly: ReadOnly,
    @inject(Logger) log: Logger,
    @inject(DownloadCounter) downloads: DownloadCounter,
    @inject(RequestRates) rates: RequestRates,
    @inject(Clock) clock: Clock,
    @inject(AuditNotes) notes: AuditNotes,
  ) {
    this.#tenancy = tenancy
    this.#notes = notes
    this.#parts = { authenticator, policy, contexts, plugins, readOnly, log, downloads, rates, clock }
  }

  /** Never throws: whatever goes wrong is an answer. */
  async handle(request: HouseRequest): Promise<Reply> {
    const visit = new Visit(request)
    let reply: Reply
    try {
      reply = await this.#serve(visit)
    } catch (thrown) {
      void noteRefusedCredentials(this.#notes, visit, thrown)
      reply = failureReply(thrown, visit, this.#parts.log)
    }
    return withHouseHeaders(reply, request.id, visit.principal)
  }

  async #serve(visit: Visit): Promise<Reply> {
    const { house } = visit
    visit.target = splitTarget(house.target)
    const { path } = visit.target
    const root = house.hostname === '' ? undefined : await this.#tenancy.findHost(house.hostname)
    if (root !== undefined) {
      const mountUrl = rootUrl(house)
      visit.realm = root.tenant.organization.name
      visit.tenant = root.tenant
      refuseCrossSite(house, mountUrl.origin)
      holdRestToFloor(path)
      return await serveRepository(this.#parts, visit, { ...root, rest: path, mountUrl })
    }
    refuseCrossSite(house, house.publicUrl.origin)
    const address = parseHouse(path)
    if (address.kind === 'nowhere') throw hidden()
    holdRestToFloor(address.kind === 'origin' ? path : address.rest)
    switch (address.kind) {
      case 'repository': {
        const { organization, repository, rest } = address
        visit.realm = organization
        const tenant = await this.#tenancy.open(organization)
        visit.tenant = tenant
        const mountUrl = new URL(`${house.publicUrl.href}${encodeSegment(organization)}/${encodeSegment(repository)}/`)
        const place = { tenant, repository: tenant.findRepository(repository), rest, mountUrl }
        return await serveRepository(this.#parts, visit, place)
      }
      case 'organization': {
        visit.realm = address.organization
        const tenant = await this.#tenancy.open(address.organization)
        visit.tenant = tenant
        return await serveOrganization(this.#parts, visit, tenant, address.plugin, address.rest)
      }
      case 'instance':
        return (await serveInstance(this.#parts, visit, address.plugin, address.rest)) ?? (await serveOrigin(this.#parts, visit))
      case 'origin':
        return await serveOrigin(this.#parts, visit)
    }
  }
}

/** A root mount's own address: the public URL's scheme, and the host and port that the client named. */
function rootUrl(house: HouseRequest): URL {
  const { publicUrl, hostname } = house
  if (publicUrl.hostname === hostname) return new URL('/', publicUrl)
  const port = /:(\d{1,5})$/.exec(house.header('host') ?? '')?.[1]
  return new URL(`${publicUrl.protocol}//${hostname}${port === undefined ? '' : `:${port}`}/`)
}
