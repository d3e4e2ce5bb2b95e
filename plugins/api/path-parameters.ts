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
  group: { description: "A group's name or id" },
  token: { description: 'Id of a token, or what it begins with' },
  format: { description: 'Name of an installed format' },
  chore: { description: 'Name of a chore' },
}
