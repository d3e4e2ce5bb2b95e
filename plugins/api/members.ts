import { type Directory, empty, json, type Member, notFound, organizationRoute, z } from '#core'
import { bodyOf } from './body.js'
import { defined } from './organizations.js'
import { page, pageOf, pageQuery } from './page.js'
import { memberShape, problemShape, shapeMember } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })
const one = (description: string) => ({ description, body: memberShape })

const role = z.enum(['owner', 'admin', 'developer', 'reader'])
const newMember = z.strictObject({
  name: z.string(),
  kind: z.enum(['member', 'service']).optional(),
  email: z.string().optional(),
  displayName: z.string().max(256).optional(),
  role: role.optional(),
  password: z.string().optional(),
})
const change = z.strictObject({
  name: z.string().optional(),
  email: z.string().nullable().optional(),
  displayName: z.string().max(256).nullable().optional(),
  role: role.nullable().optional(),
  status: z.enum(['active', 'inactive']).optional(),
})
const newPassword = z.strictObject({ password: z.string() })

/** By login name, e-mail or id. Throws `not-found`. */
export async function memberOf(directory: Directory, name: string): Promise<Member> {
  const member = (await directory.findMemberByLogin(name)) ?? (await directory.findMember(name))
  if (!member) throw notFound('member', name)
  return member
}

export const memberRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/members',
    permission: 'members.read',
    describe: {
      summary: 'Members and service accounts',
      query: pageQuery,
      answers: { 200: { description: 'One page', body: pageOf(memberShape) } },
    },
    handle: (request, { organization, directory }) =>
      page(request, {
        place: `${organization.id} members`,
        list: (query) => directory.listMembers(query),
        keyOf: ({ name }) => name,
        shape: shapeMember,
      }),
  }),
  organizationRoute({
    method: 'POST',
    path: '/v1/members',
    permission: 'members.manage',
    describe: {
      summary: 'Make a member or service account',
      body: newMember,
      answers: {
        201: one('Made'),
        409: refusal('The name or e-mail is taken'),
        422: refusal('The password is not taken, and why'),
      },
    },
    async handle(request, { directory }) {
      const { name, ...rest } = await bodyOf(request, newMember)
      return json(201, shapeMember(await directory.createMember({ name, ...defined(rest) })))
    },
  }),
  organizationRoute({
    method: 'GET',
    path: '/v1/members/{member}',
    permission: 'members.read',
    describe: { summary: 'One member', answers: { 200: one('As it stands'), 404: refusal('No such member') } },
    handle: async ({ params }, { directory }) => json(200, shapeMember(await memberOf(directory, params.member))),
  }),
  organizationRoute({
    method: 'PATCH',
    path: '/v1/members/{member}',
    permission: 'members.manage',
    describe: {
      summary: 'Change a member',
      body: change,
      answers: {
        200: one('As it stands now'),
        404: refusal('No such member'),
        409: refusal('The name is taken, or this is the last owner'),
      },
    },
    async handle(request, { directory }) {
      const patch = await bodyOf(request, change)
      const { id } = await memberOf(directory, request.params.member)
      return json(200, shapeMember(await directory.updateMember(id, defined(patch))))
    },
  }),
  organizationRoute({
    method: 'PUT',
    path: '/v1/members/{member}/password',
    permission: 'members.manage',
    describe: {
      summary: 'Set a password',
      body: newPassword,
      answers: { 204: { description: 'Set; the old one is dead' }, 422: refusal('The password is not taken, and why') },
    },
    async handle(request, { directory }) {
      const { password } = await bodyOf(request, newPassword)
      await directory.setPassword((await memberOf(directory, request.params.member)).id, password)
      return empty(204)
    },
  }),
  organizationRoute({
    method: 'DELETE',
    path: '/v1/members/{member}',
    permission: 'members.manage',
    describe: {
      summary: 'Remove a member; what it published stays',
      answers: { 204: { description: 'Gone' }, 404: refusal('No such member'), 409: refusal('This is the last owner') },
    },
    async handle({ params }, { directory }) {
      await directory.deleteMember((await memberOf(directory, params.member)).id)
      return empty(204)
    },
  }),
]
