import type { Principal } from '../auth/principal.js'
import type { Directory, Member } from '../directory/directory.js'
import { forbidden, unauthenticated } from '../errors/registry-error.js'

/** A member's own entry in the directory, for that member alone. */
export interface OwnEntry {
  /** Undefined where nobody in the directory is asking. */
  member(): Promise<Member | undefined>
  /** Throws `forbidden` where a token asks: it changes nothing of its owner. */
  setDisplayName(displayName: string | null): Promise<Member>
  /** Throws `unauthenticated` where the old one is wrong, whoever asks; `unprocessable` for a new one that is no good. */
  setPassword(before: string, after: string): Promise<void>
}

export interface OwnEntryParts {
  readonly principal: Principal
  /** With every right: it is asked about the caller alone. */
  readonly directory: () => Directory
  /** Throws where name and password do not fit. */
  readonly signIn: (login: string, password: string) => Promise<Principal>
}

export function ownEntry({ principal, directory, signIn }: OwnEntryParts): OwnEntry {
  const caller = () => {
    if (principal.kind === 'member' || principal.kind === 'service') return principal
    throw unauthenticated()
  }
  return {
    member: async () =>
      principal.kind === 'member' || principal.kind === 'service' ? directory().findMember(principal.id) : undefined,
    async setDisplayName(displayName) {
      const { id, by } = caller()
      if (by === 'token') throw forbidden('A token changes nothing of its owner')
      return directory().updateMember(id, { displayName })
    },
    async setPassword(before, after) {
      const { id, name } = caller()
      const signedIn = await signIn(name, before)
      if (!('id' in signedIn) || signedIn.id !== id) throw unauthenticated()
      await directory().setPassword(id, after)
    },
  }
}
