import { type Directory, empty, type Group, json, notFound, organizationRoute, z } from '#core'
import { bodyOf } from './body.js'
import { memberOf } from './members.js'
import { page, pageOf, pageQuery } from './page.js'
import { groupShape, problemShape, shapeGroup } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })
const one = (description: string) => ({ description, body: groupShape })
const newGroup = z.strictObject({ name: z.string().min(1).max(200) })

/** By name or id. Throws `not-found`. */
export async function groupOf(directory: Directory, name: string): Promise<Group> {
  const group = (await directory.findGroupByName(name)) ?? (await directory.findGroup(name))
  if (!group) throw notFound('group', name)
  return group
}

export const groupRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/groups',
    permission: 'members.read',
    describe: { summary: 'Groups', query: pageQuery, answers: { 200: { description: 'One page', body: pageOf(groupShape) } } },
    handle: (request, { directory }) =>
      page(
        request,
        (query) => directory.listGroups(query),
        ({ id }) => id,
        shapeGroup,
      ),
  }),
  organizationRoute({
    method: 'POST',
    path: '/v1/groups',
    permission: 'members.manage',
    describe: { summary: 'Make a group', body: newGroup, answers: { 201: one('Made'), 409: refusal('The name is taken') } },
    async handle(request, { directory }) {
      return json(201, shapeGroup(await directory.createGroup((await bodyOf(request, newGroup)).name)))
    },
  }),
  organizationRoute({
    method: 'GET',
    path: '/v1/groups/{group}',
    permission: 'members.read',
    describe: {
      summary: 'One group, with the ids of its members',
      answers: {
        200: { description: 'As it stands', body: groupShape.extend({ members: z.array(z.string()) }) },
        404: refusal('No such group'),
      },
    },
    async handle({ params }, { directory }) {
      const group = await groupOf(directory, params.group)
      const members: string[] = []
      for await (const id of directory.groupMembers(group.id)) members.push(id)
      return json(200, { ...shapeGroup(group), members })
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
