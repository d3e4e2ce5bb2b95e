import type { RepositoryContext } from '#core'

/** `final`: these bytes never change under their address. Shared caches may keep what anybody may read (maven dossier 5.4). */
export function cacheControl({ repository, organization }: RepositoryContext, final: boolean): string {
  const anybody = repository.public && organization.publicAllowed
  if (final) return `${anybody ? 'public' : 'private'}, max-age=31536000, immutable`
  return anybody ? 'no-cache' : 'private, no-cache'
}
