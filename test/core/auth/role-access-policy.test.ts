import { expect } from 'chai'
import { type Permission, permissions, type Role } from '../../../core/auth/permission.js'
import { anonymous, type Principal, type Scope } from '../../../core/auth/principal.js'
import { RoleAccessPolicy } from '../../../core/auth/role-access-policy.js'
import type { Grant } from '../../../core/tenancy/administration.js'
import type { Organization } from '../../../core/tenancy/organization.js'
import type { Repository } from '../../../core/tenancy/repository.js'
import type { Tenant } from '../../../core/tenancy/tenancy.js'
import { operator } from '../../support/people.js'

const shelf = (id: string, isPublic = false): Repository => ({
  id,
  name: id,
  format: 'raw',
  kind: 'hosted',
  public: isPublic,
  policy: 'mixed',
  writePolicy: 'replace',
  layoutPolicy: 'strict',
  createdAt: new Date(0),
})
const one = shelf('r_one')
const two = shelf('r_two')
const open = shelf('r_open', true)

function tenantWith(grants: readonly Grant[], changes: Partial<Organization> = {}, exists = true): Tenant {
  const organization: Organization = {
    id: 'o_acme',
    name: 'acme',
    status: 'active',
    createdAt: new Date(0),
    publicAllowed: true,
    disabledFormats: [],
    ...changes,
  }
  return {
    organization,
    exists,
    epoch: 'e',
    findRepository: () => undefined,
    findRepositoryById: () => undefined,
    repositories: () => [one, two, open],
    grantsOf: (principal) => (principal.kind === 'member' || principal.kind === 'service' ? grants : []),
  }
}
function person(role?: Role, scopes?: readonly Scope[], kind: 'member' | 'service' = 'member'): Principal {
  const base = { kind, id: 'm_1', name: 'ada', groups: [], ...(role === undefined ? {} : { role }) }
  return scopes === undefined ? { ...base, by: 'password' } : { ...base, by: 'token', token: { id: 'tok_1', scopes } }
}
const grant = (repository: string, level: Grant['level'], path?: string): Grant => ({
  subject: { kind: 'member', id: 'm_1' },
  repository,
  level,
  ...(path === undefined ? {} : { path }),
})

/** All but the one that follows from what else the caller may, and the one that follows from how they came in. */
const table = permissions.filter((permission) => permission !== 'repositories.read' && permission !== 'account.manage')
/** By a browser session. */
function browsing(role?: Role, pending?: 'code' | 'enrolment'): Principal {
  const session = { id: 's', authenticatedAt: new Date(), methods: ['pwd'], csrf: 'c', ...(pending ? { pending } : {}) }
  return { kind: 'member', id: 'm_1', name: 'ada', groups: [], by: 'session', session, ...(role ? { role } : {}) }
}

describe('role access policy', () => {
  const policy = new RoleAccessPolicy()
  const held = (tenant: Tenant, principal: Principal, repository?: Repository, path?: string): readonly Permission[] =>
    table.filter((permission) =>
      policy.permits(tenant, principal, permission, {
        ...(repository === undefined ? {} : { repository }),
        ...(path === undefined ? {} : { path }),
      }),
    )

  it('gives each role its column of the table', () => {
    const tenant = tenantWith([])
    expect(held(tenant, person('owner'), one)).to.deep.equal(table.filter((permission) => permission !== 'instance.manage'))
    expect(held(tenant, person('admin'), one)).to.deep.equal(
      table.filter((permission) => permission !== 'instance.manage' && permission !== 'organization.manage'),
    )
    expect(held(tenant, person('developer'), one)).to.deep.equal([
      'artifacts.read',
      'artifacts.write',
      'packages.manage',
      'organization.read',
      'tokens.issue',
    ])
    expect(held(tenant, person('reader'), one)).to.deep.equal(['artifacts.read', 'organization.read', 'tokens.issue'])
    expect(held(tenant, person(), one)).to.deep.equal([])
  })

  it('leaves their own account to those who came by a session, and nothing else to a session that waits for something', () => {
    const tenant = tenantWith([grant('r_one', 'delete')])
    const all = (principal: Principal) =>
      permissions.filter((permission) => policy.permits(tenant, principal, permission, { repository: one }))
    expect(all(browsing())).to.deep.equal([
      'artifacts.read',
      'artifacts.write',
      'artifacts.delete',
      'packages.manage',
      'repositories.read',
      'account.manage',
    ])
    expect(all(browsing('owner'))).to.deep.equal(permissions.filter((permission) => permission !== 'instance.manage'))
    for (const pending of ['code', 'enrolment'] as const) {
      expect(all(browsing('owner', pending))).to.deep.equal(['account.manage'])
      expect(policy.sees(tenant, browsing('owner', pending), open)).to.equal(false)
    }
    for (const principal of [
      person('owner'),
      person('owner', [{ kind: 'organization', level: 'read' }]),
      { kind: 'operator', id: 'op' } as const,
    ])
      expect(policy.permits(tenant, principal, 'account.manage')).to.equal(false)
    expect(policy.permits({ ...tenant, exists: false }, browsing('owner'), 'account.manage')).to.equal(false)
  })

  it('lets look into the organization whoever may see a repository of it, or may read the organization itself', () => {
    const looks = (tenant: Tenant, principal: Principal) => policy.permits(tenant, principal, 'repositories.read')
    const closed = { ...tenantWith([]), repositories: () => [one, two] }
    const opened = { ...tenantWith([grant('r_two', 'read', 'team/a')]), repositories: () => [one, two] }
    expect([looks(closed, person('reader')), looks(closed, person()), looks(opened, person())]).to.deep.equal([true, false, true])
    expect([looks(tenantWith([]), person()), looks(tenantWith([]), { kind: 'anonymous' })]).to.deep.equal([true, false])
    const scoped = (repository: string) => person('reader', [{ kind: 'repository', repository, level: 'read' }])
    expect([looks(closed, scoped('r_one')), looks(closed, scoped('r_three'))]).to.deep.equal([true, false])
    expect(looks(closed, person('reader', [{ kind: 'organization', level: 'read' }]))).to.equal(true)
    expect(looks(closed, person('owner', [{ kind: 'audit' }]))).to.equal(false)
    expect([looks(closed, operator), looks(tenantWith([], { status: 'suspended' }), person('owner'))]).to.deep.equal([
      true,
      false,
    ])
  })

  it('gives the operator every management permission and no artifact', () => {
    expect(held(tenantWith([]), operator, one)).to.deep.equal(table.filter((permission) => !permission.startsWith('artifacts.')))
  })

  /** Asking for changes of versions concerns no single repository. */
  const heldThere = (...place: Parameters<typeof held>) => held(...place).filter((permission) => permission !== 'packages.manage')

  it('lets ask for changes of versions whoever may write somewhere, by role, grant or token', () => {
    const asks = (tenant: Parameters<typeof held>[0], who: Parameters<typeof held>[1]) =>
      held(tenant, who, one).includes('packages.manage')
    const scoped = (level: 'read' | 'write'): Scope => ({ kind: 'repository', repository: 'r_two', level })
    expect([asks(tenantWith([]), person()), asks(tenantWith([]), person('reader'))]).to.deep.equal([false, false])
    expect([
      asks(tenantWith([grant('r_two', 'read')]), person()),
      asks(tenantWith([grant('r_two', 'write')]), person()),
    ]).to.deep.equal([false, true])
    expect(asks(tenantWith([]), person('developer', [scoped('write')]))).to.equal(true)
    expect(asks(tenantWith([]), person('owner', [scoped('read')]))).to.equal(false)
    expect(asks(tenantWith([]), person('reader', [scoped('write')]))).to.equal(false)
  })

  it('adds grants to the role, each level with those before it, on its repository alone', () => {
    const tenant = tenantWith([grant('r_one', 'delete'), grant('r_two', 'administer')])
    expect(heldThere(tenant, person(), one)).to.deep.equal(['artifacts.read', 'artifacts.write', 'artifacts.delete'])
    expect(heldThere(tenant, person(), two)).to.deep.equal([
      'artifacts.read',
      'artifacts.write',
      'artifacts.delete',
      'repository.administer',
    ])
    expect(heldThere(tenant, person(), shelf('r_three'))).to.deep.equal([])
    expect(heldThere(tenantWith([grant('*', 'write')]), person(), shelf('r_three'))).to.deep.equal([
      'artifacts.read',
      'artifacts.write',
    ])
  })

  it('cuts every right to the scopes of the token, whatever the role', () => {
    const tenant = tenantWith([])
    const scope = (level: 'read' | 'write' | 'delete', repository = 'r_one'): Scope => ({ kind: 'repository', repository, level })
    const levels = { read: 1, write: 2, delete: 3 } as const
    const artifacts: readonly Permission[] = ['artifacts.read', 'artifacts.write', 'artifacts.delete']
    const byRole: Record<Role, number> = { owner: 3, admin: 3, developer: 2, reader: 1 }
    for (const [role, most] of Object.entries(byRole)) {
      for (const [level, many] of Object.entries(levels)) {
        const scoped = person(role as Role, [scope(level as keyof typeof levels)])
        expect(heldThere(tenant, scoped, one), `${role} ${level}`).to.deep.equal(artifacts.slice(0, Math.min(most, many)))
        expect(heldThere(tenant, scoped, two), `${role} ${level} elsewhere`).to.deep.equal([])
        const wide = person(role as Role, [scope(level as keyof typeof levels, '*')])
        expect(heldThere(tenant, wide, two), `${role} ${level} anywhere`).to.deep.equal(artifacts.slice(0, Math.min(most, many)))
      }
      expect(heldThere(tenant, person(role as Role, [{ kind: 'organization', level: 'read' }]), one)).to.deep.equal([
        'organization.read',
      ])
      const audit = role === 'owner' || role === 'admin' ? ['audit.read'] : []
      expect(heldThere(tenant, person(role as Role, [{ kind: 'audit' }]), one)).to.deep.equal(audit)
    }
  })

  it('gives nothing to a token that names packages, which this house cannot tell apart', () => {
    const owner = person('owner', [{ kind: 'repository', repository: '*', level: 'delete' }])
    if (owner.kind !== 'member' || owner.token === undefined) throw new Error('a member with a token')
    const limited = { ...owner, token: { ...owner.token, packages: ['left-pad'] } }
    expect(held(tenantWith([]), owner, one)).to.have.length(4)
    expect(held(tenantWith([]), limited, one)).to.deep.equal([])
  })

  it('lets a service account read the log by its scope, without a role', () => {
    expect(held(tenantWith([]), person(undefined, [{ kind: 'audit' }], 'service'))).to.deep.equal(['audit.read'])
    expect(held(tenantWith([]), person(undefined, [{ kind: 'audit' }], 'member'))).to.deep.equal([])
  })

  it('holds a path prefix against whole segments', () => {
    const tenant = tenantWith([grant('r_one', 'write', 'com/acme')])
    const may = (path?: string) => held(tenant, person(), one, path).includes('artifacts.write')
    expect(['com/acme', 'com/acme/app/1.0/app.jar'].map(may)).to.deep.equal([true, true])
    expect(['com/acme2/x', 'com', 'com/acm', 'org/com/acme', ''].map(may)).to.deep.equal([false, false, false, false, false])
    expect(may()).to.equal(false)
    expect(policy.sees(tenant, person(), one)).to.equal(true)
    expect(policy.sees(tenant, person(), two)).to.equal(false)
  })

  it('opens a public repository to strangers only where the organization allows it and is active', () => {
    expect(held(tenantWith([]), anonymous, open)).to.deep.equal(['artifacts.read'])
    expect(held(tenantWith([]), anonymous, one)).to.deep.equal([])
    expect(held(tenantWith([]), anonymous)).to.deep.equal([])
    expect(held(tenantWith([], { publicAllowed: false }), anonymous, open)).to.deep.equal([])
    expect(held(tenantWith([], { status: 'suspended' }), anonymous, open)).to.deep.equal([])
    expect(held(tenantWith([], {}, false), anonymous, open)).to.deep.equal([])
    expect(held(tenantWith([]), person(), open)).to.deep.equal(['artifacts.read'])
    expect(policy.sees(tenantWith([]), anonymous, open)).to.equal(true)
    expect(policy.sees(tenantWith([]), anonymous, one)).to.equal(false)
  })

  it('gives nobody but the operator anything in a suspended organization', () => {
    const tenant = tenantWith([grant('*', 'administer')], { status: 'suspended' })
    expect(held(tenant, person('owner'), one)).to.deep.equal([])
    expect(policy.sees(tenant, person('owner'), one)).to.equal(false)
    expect(held(tenant, operator)).to.include('organization.manage')
  })
})
