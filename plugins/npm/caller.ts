import { type Permission, RegistryError, type RepositoryContext, type Scope, unauthenticated } from '#core'

export type RepositoryScope = Extract<Scope, { readonly kind: 'repository' }>

/** What a token may do: what its member may, the most first. */
const levels: readonly (readonly [Permission, RepositoryScope['level']])[] = [
  ['artifacts.delete', 'delete'],
  ['artifacts.write', 'write'],
  ['artifacts.read', 'read'],
]

/** A person as npm knows one. Throws `unauthenticated` for anybody else. */
export function callerOf({ principal }: RepositoryContext): { readonly name: string } {
  if (principal.kind !== 'member' && principal.kind !== 'service') throw unauthenticated()
  return principal
}

/** The most that the caller may do in this repository; undefined where that is nothing. */
export async function highestLevel(context: RepositoryContext): Promise<RepositoryScope['level'] | undefined> {
  for (const [permission, level] of levels) if (await may(context, permission)) return level
  return undefined
}

export async function may(context: RepositoryContext, permission: Permission): Promise<boolean> {
  try {
    await context.widen(permission)
    return true
  } catch (failure) {
    if (failure instanceof RegistryError && ['forbidden', 'hidden', 'unauthenticated', 'method'].includes(failure.kind))
      return false
    throw failure
  }
}
