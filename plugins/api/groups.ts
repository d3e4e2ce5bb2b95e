import { type Directory, empty, type Group, json, type Member, notFound, organizationRoute, z } from '#core'
import { bodyOf } from './body.js'
import { memberOf } from './members.js'
import { behind, page, pageOf, pageQuery } from './page.js'
import { groupShape, memberShape, problemShape, shapeGroup, shapeMember } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })
const one = (description: string) => ({ description, body: groupShape })
const named = z.strictObject({ name: z.string() })

/** By name or id. Throws `not-found`. */
export async function groupOf(directory: Directory, name: string): Promise<Group> {
  const group = (await directory.findGroupByName(name)) ?? (await directory.findGroup(name))
  if (!group) throw notFound('group', name.slice(0, 80))
  return group
}

export const groupRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/groups',
    permission: 'members.read',
    describe: { summary: 'Groups', query: pageQuery, answers: { 200: { description: 'One page', body: pageOf(groupShape) } } },
    handle: (request, { organization, directory }) =>
      page(request, {
        place: `${organization.id} groups`,
        list: (query) => directory.listGroups(query),
        keyOf: ({ name }) => name,
        shape: shapeGroup,
      }),
  }),
  organizationRoute({
    method: 'POST',
    path: '/v1/groups',
    permission: 'members.manage',
    describe: { summary: 'Make a group', body: named, answers: { 201: one('Made'), 409: refusal('The name is taken') } },
    async handle(request, { directory }) {
      return json(201, shapeGroup(await directory.createGroup((await bodyOf(request, named)).name)))
    },
  }),
  organizationRoute({
    method: 'GET',
    path: '/v1/groups/{group}',
    permission: 'members.read',
    describe: { summary: 'One group', answers: { 200: one('As it stands'), 404: refusal('No such group') } },
    handle: async ({ params }, { directory }) => json(200, shapeGroup(await groupOf(directory, params.group))),
  }),
  organizationRoute({
    method: 'PATCH',
    path: '/v1/groups/{group}',
    permission: 'members.manage',
    describe: {
      summary: 'Give a group another name',
      body: named,
      answers: { 200: one('As it stands now'), 404: refusal('No such group'), 409: refusal('The name is taken') },
    },
    async handle(request, { directory }) {
      const { name } = await bodyOf(request, named)
      const { id } = await groupOf(directory, request.params.group)
      return json(200, shapeGroup(await directory.renameGroup(id, name)))
    },
  }),
  organizationRoute({
    method: 'DELETE',
    path: '/v1/groups/{group}',
    permission: 'members.manage',
    describe: { summary: 'Remove a group', answers: { 204: { description: 'Gone' }, 404: refusal('No such group') } },
    async handle({ params }, { directory }) {
      await directory.deleteGroup((await groupOf(directory, params.group)).id)
      return empty(204)
    },
  }),
  organizationRoute({
    method: 'GET',
    path: '/v1/groups/{group}/members',
    permission: 'members.read',
    describe: {
      summary: 'Members of a group',
      query: pageQuery,
      answers: { 200: { description: 'One page', body: pageOf(memberShape) }, 404: refusal('No such group') },
    },
    async handle(request, { organization, directory }) {
      const { id } = await groupOf(directory, request.params.group)
      return page(request, {
        place: `${organization.id} members of ${id}`,
        list: ({ after }) =>
          membersOf(
            directory,
            behind(directory.groupMembers(id), (member) => member, after),
          ),
        keyOf: (member) => member.id,
        shape: shapeMember,
      })
    },
  }),
  organizationRoute({
    method: 'PUT',
    path: '/v1/groups/{group}/members/{member}',
    permission: 'members.manage',
    describe: {
      summary: 'Take a member into a group',
      answers: { 200: one('As it stands now'), 404: refusal('No such group or member') },
    },
    async handle({ params }, { directory }) {
      const [group, member] = [await groupOf(directory, params.group), await memberOf(directory, params.member)]
      return json(200, shapeGroup(await directory.changeGroupMembers(group.id, { add: [member.id] })))
    },
  }),
  organizationRoute({
    method: 'DELETE',
    path: '/v1/groups/{group}/members/{member}',
    permission: 'members.manage',
    describe: {
      summary: 'Take a member out of a group',
      answers: { 200: one('As it stands now'), 404: refusal('No such group or member') },
    },
    async handle({ params }, { directory }) {
      const [group, member] = [await groupOf(directory, params.group), await memberOf(directory, params.member)]
      return json(200, shapeGroup(await directory.changeGroupMembers(group.id, { remove: [member.id] })))
    },
  }),
]

/** One who is gone meanwhile is left out. */
async function* membersOf(directory: Directory, ids: AsyncIterable<string>): AsyncIterable<Member> {
  for await (const id of ids) {
    const member = await directory.findMember(id)
    if (member !== undefined) yield member
  }
}
