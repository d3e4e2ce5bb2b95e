/** What stands in each placeholder of an address, for the description. */
export const pathParameters: Readonly<Record<string, string>> = {
  org: 'Name of an organization',
  organization: 'Name of an organization',
  repository: 'Name of a repository',
  member: "A member's login name, e-mail or id",
  group: "A group's name or id",
  token: 'Id of a token, or what it begins with',
  format: 'Name of an installed format',
}
