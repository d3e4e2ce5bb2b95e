import { inject, injectable } from 'tsyringe'
import { OperatorTokens } from './auth/operator-tokens.js'
import type { Principal } from './auth/principal.js'
import type { IssuedToken, TokenRequest } from './auth/token-desk.js'
import type { Member, NewMember } from './directory/directory.js'
import { MetadataStore } from './storage/metadata-store.js'
import type { NewRepository } from './tenancy/administration.js'
import { CallerHandles, type CallerScope } from './tenancy/caller-scope.js'
import type { Organization } from './tenancy/organization.js'
import type { Repository } from './tenancy/repository.js'
import { Tenancy } from './tenancy/tenancy.js'

const requestId = 'setup'
const principal: Principal = { kind: 'operator', id: 'setup' }

/** What whoever composes a house may do before anybody can ask for it: the first start, embedders, tests. Everything is written and logged as the
 *  operator's work. */
@injectable()
export class HouseSetup {
  constructor(
    @inject(MetadataStore) private readonly metadata: MetadataStore,
    @inject(Tenancy) private readonly tenancy: Tenancy,
    @inject(CallerHandles) private readonly handles: CallerHandles,
    @inject(OperatorTokens) private readonly operators: OperatorTokens,
  ) {}

  /** Was nothing ever stored here? Leases, notes of chores, and that a plugin listens, which the start itself may have made, do not count. */
  async isEmpty(): Promise<boolean> {
    for await (const { entry } of this.metadata.scan())
      if (!['lease', 'chore', 'listened'].includes(entry.key.partition.split('\0')[1] ?? '')) return false
    return true
  }

  /** The token itself; it is kept nowhere. */
  async createOperatorToken(name: string): Promise<string> {
    return (await this.operators.create(name)).token
  }

  createOrganization(name: string): Promise<Organization> {
    return this.handles.organizations({ principal, requestId }).create(name)
  }

  async createMember(organization: string, member: NewMember): Promise<Member> {
    return this.handles.directory(await this.scope(organization)).createMember(member)
  }

  async createRepository(organization: string, repository: NewRepository): Promise<Repository> {
    return this.handles.administration(await this.scope(organization)).createRepository(repository)
  }

  async deleteRepository(organization: string, name: string): Promise<void> {
    await this.handles.administration(await this.scope(organization)).deleteRepository(name)
  }

  async deleteOrganization(name: string): Promise<void> {
    await this.handles.organizations({ principal, requestId }).delete(name)
  }

  async issueToken(organization: string, memberId: string, request: TokenRequest): Promise<IssuedToken> {
    return this.handles.administration(await this.scope(organization)).issueToken(memberId, request)
  }

  private async scope(organization: string): Promise<CallerScope> {
    return { tenant: await this.tenancy.open(organization), principal, requestId, permits: () => true, require: () => {} }
  }
}
