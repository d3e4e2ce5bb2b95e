/** What a route may demand. `artifacts.*` and `repository.administer` concern one repository, the rest the organization, `instance.*` the instance.
 *  `account.manage`: one's own credentials and sessions, held by every member in a session of theirs and by nobody else, whatever their role.
 *  `packages.manage`: to ask for changes of versions at all; what is asked for needs `artifacts.*` on each repository. */
export const permissions = [
  'artifacts.read',
  'artifacts.write',
  'artifacts.delete',
  'repository.administer',
  'packages.manage',
  'repositories.read',
  'repositories.manage',
  'members.read',
  'members.manage',
  'audit.read',
  'organization.read',
  'organization.manage',
  'tokens.issue',
  'account.manage',
  'instance.manage',
] as const
export type Permission = (typeof permissions)[number]

export type Role = 'owner' | 'admin' | 'developer' | 'reader'
/** Of a grant; each includes those before it. */
export type Level = 'read' | 'write' | 'delete' | 'administer'

const levelOrder: readonly Level[] = ['read', 'write', 'delete', 'administer']
const levelNeeded: Partial<Record<Permission, Level>> = {
  'artifacts.read': 'read',
  'artifacts.write': 'write',
  'artifacts.delete': 'delete',
  'repository.administer': 'administer',
}

const byRole: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  owner: new Set<Permission>(
    permissions.filter((permission) => permission !== 'instance.manage' && permission !== 'account.manage'),
  ),
  admin: new Set<Permission>([
    'artifacts.read',
    'artifacts.write',
    'artifacts.delete',
    'repository.administer',
    'packages.manage',
    'repositories.read',
    'repositories.manage',
    'members.read',
    'members.manage',
    'audit.read',
    'organization.read',
    'tokens.issue',
  ]),
  developer: new Set<Permission>([
    'artifacts.read',
    'artifacts.write',
    'packages.manage',
    'repositories.read',
    'organization.read',
    'tokens.issue',
  ]),
  reader: new Set<Permission>(['artifacts.read', 'repositories.read', 'organization.read', 'tokens.issue']),
}

/** Does the role carry it, on every repository of the organization? */
export function roleCarries(role: Role, permission: Permission): boolean {
  return byRole[role].has(permission)
}
/** Does a grant or token scope of this level carry it, on its repository? */
export function levelCarries(level: Level, permission: Permission): boolean {
  const needed = levelNeeded[permission]
  return needed !== undefined && levelOrder.indexOf(level) >= levelOrder.indexOf(needed)
}
/** Does whoever passed this permission hold the other one by it? `artifacts.delete` includes write, write includes read. */
export function permissionIncludes(held: Permission, wanted: Permission): boolean {
  if (held === wanted) return true
  const has = levelNeeded[held]
  const needs = levelNeeded[wanted]
  return has !== undefined && needs !== undefined && levelOrder.indexOf(has) >= levelOrder.indexOf(needs)
}
/** Can a handle reach this from under that ceiling? Management writes reach any management permission (the caller's rights decide), reads reach
 *  nothing but themselves, and what was declared for artifacts never manages. */
export function ceilingReaches(ceiling: Permission, wanted: Permission): boolean {
  if (permissionIncludes(ceiling, wanted)) return true
  const bounded =
    ceiling.startsWith('artifacts.') || ceiling === 'tokens.issue' || ceiling === 'account.manage' || !isWrite(ceiling)
  return !bounded && !wanted.startsWith('artifacts.')
}
export function isWrite(permission: Permission): boolean {
  return (
    permission !== 'artifacts.read' &&
    permission !== 'repositories.read' &&
    permission !== 'members.read' &&
    permission !== 'audit.read' &&
    permission !== 'organization.read'
  )
}
