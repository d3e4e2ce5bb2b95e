import type { PasswordContext } from '../auth/password-policy.js'
import type { Member } from '../directory/directory.js'
import type { Organization } from '../tenancy/organization.js'

/** What a new password of this member is held to: the organization's least length, and no name that is too near. */
export function passwordContext(
  { name, displayName, minPasswordLength }: Organization,
  member: Pick<Member, 'name' | 'email' | 'displayName'>,
): PasswordContext {
  const [local, domain] = member.email?.split('@') ?? []
  const words = [member.name, member.email, local, domain, member.displayName, name, displayName, 'cloudrepo']
  return {
    words: words.filter((word) => word !== undefined),
    ...(minPasswordLength === undefined ? {} : { minimum: minPasswordLength }),
  }
}

/** A password row. `norm` raw: hashed elsewhere, from what was typed there. Each change raises the version. */
export function passwordValue(phc: string, version: number, at: Date, norm: 'opaque' | 'raw' = 'opaque') {
  return { v: 1, phc, norm, version, changedAt: at.toISOString() }
}
