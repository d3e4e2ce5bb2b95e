import { organizationName, repositoryName } from '#core'

interface PathParameter {
  readonly description: string
  readonly pattern?: string
}

const organization = { description: 'Name of an organization', pattern: organizationName.source }

/** What stands in each placeholder of an address. */
export const pathParameters: Readonly<Record<string, PathParameter>> = {
  org: organization,
  organization,
  repository: { description: 'Name of a repository', pattern: repositoryName.source },
  member: { description: "A member's login name, e-mail or id" },
  invitation: { description: 'Id of an invitation', pattern: '^inv_[0-9a-f]{20}$' },
  group: { description: "A group's name or id" },
  token: { description: 'Id of a token, or what it begins with' },
  package: { description: "A package's name in addresses, a slash as %2F, or what it is called in its format" },
  version: { description: 'A version of it' },
  deleted: { description: 'Id of a deleted repository, or the name that it had' },
  erasure: { description: 'Id of a request to erase a member' },
  connection: { description: 'An identity provider, by the name that its tokens have', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' },
  deletion: { description: 'Id of a delete' },
  format: { description: 'Name of an installed format' },
  chore: { description: 'Name of a chore' },
}
