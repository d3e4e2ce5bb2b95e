import { type Directory, empty, type Group, json, type Member, notFound, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { memberOf } from './members.js'
import { groupNameShape } from './names.js'
import { behind, page, pageOf, pageQuery } from './page.js'
import { groupShape, memberShape, shapeGroup, shapeMember } from './shapes.js'

const one = (description: string) => answer(description, groupShape)
const named = z.strictObject({ name: groupNameShape }).meta({ id: 'NewGroup', examples: [{ name: 'makers' }] })

/** By name or id. Throws `not-found`. */
export async function groupOf(directory: Directory, name: string): Promise<Group> {
  const group = (await directory.findGroupByName(name)) ?? (await directory.findGroup(name))
  if (!group) throw notFound('group', name.slice(0, 80))
  return group
}

export const groupRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/groups',
    permission: 'members.read',
    summary: 'Groups',
    query: pageQuery,
    answers: { 200: pageOf(groupShape) },
    handle: ({ query }, { organization, directory }) =>
      page(query, {
        place: `${organization.id} groups`,
        list: (query) => directory.listGroups(query),
        keyOf: ({ name }) => name,
        shape: shapeGroup,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/groups',
    permission: 'members.manage',
    summary: 'Make a group',
    body: named,
    answers: { 201: one('Made'), 409: refusal('The name is taken') },
    handle: async ({ body }, { directory }) => json(201, shapeGroup(await directory.createGroup(body.name))),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/groups/{group}',
    permission: 'members.read',
    summary: 'One group',
    answers: { 200: one('As it stands'), 404: refusal('No such group') },
    handle: async ({ params }, { directory }) => json(200, shapeGroup(await groupOf(directory, params.group))),
  }),
  inOrganization({
    method: 'PATCH',
    path: '/v1/groups/{group}',
    permission: 'members.manage',
    summary: 'Give a group another name',
    body: named,
    answers: { 200: one('As it stands now'), 404: refusal('No such group'), 409: refusal('The name is taken') },
    async handle({ params, body }, { directory }) {
      const { id } = await groupOf(directory, params.group)
      return json(200, shapeGroup(await directory.renameGroup(id, body.name)))
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/groups/{group}',
    permission: 'members.manage',
    summary: 'Remove a group',
    answers: { 204: answer('Gone'), 404: refusal('No such group') },
    async handle({ params }, { directory }) {
      await directory.deleteGroup((await groupOf(directory, params.group)).id)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/groups/{group}/members',
    permission: 'members.read',
    summary: 'Members of a group',
    query: pageQuery,
    answers: { 200: pageOf(memberShape), 404: refusal('No such group') },
    async handle({ params, query }, { organization, directory }) {
      const { id } = await groupOf(directory, params.group)
      return page(query, {
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
  inOrganization({
    method: 'PUT',
    path: '/v1/groups/{group}/members/{member}',
    permission: 'members.manage',
    summary: 'Take a member into a group',
    answers: { 200: one('As it stands now'), 404: refusal('No such group or member') },
    async handle({ params }, { directory }) {
      const [group, member] = [await groupOf(directory, params.group), await memberOf(directory, params.member)]
      return json(200, shapeGroup(await directory.changeGroupMembers(group.id, { add: [member.id] })))
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/groups/{group}/members/{member}',
    permission: 'members.manage',
    summary: 'Take a member out of a group',
    answers: { 200: one('As it stands now'), 404: refusal('No such group or member') },
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
