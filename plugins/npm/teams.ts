import {
  type Directory,
  empty,
  type Group,
  invalid,
  json,
  type Member,
  type ProtocolRequest,
  type RepositoryContext,
  repositoryRoute,
} from '#core'
import { isObject, isText } from './manifest.js'
import { worded403, worded404 } from './npm-error.js'

const bodyLimit = 64 * 1024

/** `npm org` and `npm team`: the members and groups of the organization, for whoever may read and manage them. A token never may: npm has to send name and
 *  password (npm dossier 13). */
export const teamRoutes = [
  repositoryRoute({
    method: 'GET',
    path: '/-/org/{org}/user',
    permission: 'members.read',
    async handle({ params: { org } }, context) {
      const roster: [string, string][] = []
      for await (const { name, role } of directoryOf(org, context).listMembers()) roster.push([name, role ?? 'member'])
      return json(200, Object.fromEntries(roster))
    },
  }),
  ...(['PUT', 'DELETE'] as const).map((method) =>
    repositoryRoute({
      method,
      path: '/-/org/{org}/user',
      permission: 'members.manage',
      async handle({ params: { org } }, context) {
        checkOrganization(org, context)
        throw worded403('Members come and go, and get their roles, by the management interface: cloudrepo member --help')
      },
    }),
  ),
  repositoryRoute({
    method: 'GET',
    path: '/-/org/{org}/team',
    permission: 'members.read',
    async handle({ params: { org } }, context) {
      const teams: string[] = []
      for await (const { name } of directoryOf(org, context).listGroups()) teams.push(`${org}:${name}`)
      return json(200, teams)
    },
  }),
  repositoryRoute({
    method: 'PUT',
    path: '/-/org/{org}/team',
    permission: 'members.manage',
    async handle(request, context) {
      const { org } = request.params
      const name = await textIn(request, 'name')
      await directoryOf(org, context).createGroup(name)
      return json(201, { name: `${org}:${name}` })
    },
  }),
  repositoryRoute({
    method: 'DELETE',
    path: '/-/team/{org}/{team}',
    permission: 'members.manage',
    async handle({ params: { org, team } }, context) {
      const directory = directoryOf(org, context)
      await directory.deleteGroup((await groupOf(directory, team)).id)
      return empty(204)
    },
  }),
  repositoryRoute({
    method: 'GET',
    path: '/-/team/{org}/{team}/user',
    permission: 'members.read',
    async handle({ params: { org, team } }, context) {
      const directory = directoryOf(org, context)
      const names: string[] = []
      for await (const id of directory.groupMembers((await groupOf(directory, team)).id)) {
        const member = await directory.findMember(id)
        if (member !== undefined) names.push(member.name)
      }
      return json(200, names)
    },
  }),
  repositoryRoute({
    method: 'PUT',
    path: '/-/team/{org}/{team}/user',
    permission: 'members.manage',
    async handle(request, context) {
      const { directory, group, member } = await membershipIn(request, context)
      await directory.changeGroupMembers(group.id, { add: [member.id] })
      return json(201, {})
    },
  }),
  repositoryRoute({
    method: 'DELETE',
    path: '/-/team/{org}/{team}/user',
    permission: 'members.manage',
    async handle(request, context) {
      const { directory, group, member } = await membershipIn(request, context)
      await directory.changeGroupMembers(group.id, { remove: [member.id] })
      return empty(204)
    },
  }),
  repositoryRoute({
    method: 'GET',
    path: '/-/team/{org}/{team}/package',
    permission: 'members.read',
    async handle({ params: { org, team } }, context) {
      const group = await groupOf(directoryOf(org, context), team)
      throw worded403(`Rights of ${group.name} are for repositories, not for packages: cloudrepo grant list ${org}`)
    },
  }),
  ...(['PUT', 'DELETE'] as const).map((method) =>
    repositoryRoute({
      method,
      path: '/-/team/{org}/{team}/package',
      permission: 'members.manage',
      async handle({ params: { org, team } }, context) {
        checkOrganization(org, context)
        throw worded403(`Rights are for repositories, not for packages: cloudrepo grant set ${org} ${team} REPO read|write`)
      },
    }),
  ),
]

function checkOrganization(org: string, { organization }: RepositoryContext): void {
  if (org !== organization.name) throw worded404('organization', org)
}
function directoryOf(org: string, context: RepositoryContext): Directory {
  checkOrganization(org, context)
  return context.directory
}
async function groupOf(directory: Directory, name: string): Promise<Group> {
  const group = await directory.findGroupByName(name)
  if (group === undefined) throw worded404('team', name)
  return group
}
async function membershipIn(
  request: ProtocolRequest<{ readonly org: string; readonly team: string }>,
  context: RepositoryContext,
): Promise<{ readonly directory: Directory; readonly group: Group; readonly member: Member }> {
  const { org, team } = request.params
  const name = await textIn(request, 'user')
  const directory = directoryOf(org, context)
  const member = await directory.findMemberByLogin(name)
  if (member === undefined) throw worded404('user', name)
  return { directory, group: await groupOf(directory, team), member }
}
async function textIn(request: Pick<ProtocolRequest, 'json'>, field: string): Promise<string> {
  const body = await request.json(bodyLimit)
  const value = isObject(body) ? body[field] : undefined
  if (!isText(value) || value === '') throw invalid(`The body has no ${field}`)
  return value
}
