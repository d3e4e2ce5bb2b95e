import { type Directory, empty, json, type Member, notFound, z } from '#core'
import { answer, refusal } from './answers.js'
import { defined } from './body.js'
import { inOrganization } from './management-route.js'
import { displayNameShape, emailShape, memberNameShape } from './names.js'
import { page, pageOf, pageQuery } from './page.js'
import { memberShape, shapeMember } from './shapes.js'

const one = (description: string) => answer(description, memberShape)

const role = z.enum(['owner', 'admin', 'developer', 'reader'])
const newMember = z
  .strictObject({
    name: memberNameShape,
    kind: z.enum(['member', 'service']).optional(),
    email: emailShape.optional(),
    displayName: displayNameShape.optional(),
    role: role.optional(),
    /** The caller answers for the address: mail with codes goes there. */
    emailVerified: z.boolean().optional(),
    password: z.string().optional(),
    /** Made elsewhere, in place of a password: a PHC string, or `pbkdf2+blake2b-512$salt$iterations$hash` in hex. */
    passwordHash: z.string().max(1_000).optional(),
  })
  .meta({ id: 'NewMember', examples: [{ name: 'alice', email: 'alice@acme.example', role: 'developer' }] })
const change = z
  .strictObject({
    name: memberNameShape.optional(),
    email: emailShape.nullable().optional(),
    emailVerified: z.boolean().optional(),
    displayName: displayNameShape.nullable().optional(),
    role: role.nullable().optional(),
    status: z.enum(['active', 'inactive']).optional(),
  })
  .meta({ id: 'MemberChange', examples: [{ role: 'reader' }] })
const newPassword = z
  .strictObject({ password: z.string() })
  .meta({ id: 'NewPassword', examples: [{ password: 'correct-horse-battery' }] })

/** By login name, e-mail or id. Throws `not-found`. */
export async function memberOf(directory: Directory, name: string): Promise<Member> {
  const member = (await directory.findMemberByLogin(name)) ?? (await directory.findMember(name))
  if (!member) throw notFound('member', name)
  return member
}

export const memberRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/members',
    permission: 'members.read',
    summary: 'Members and service accounts',
    query: pageQuery,
    answers: { 200: pageOf(memberShape) },
    handle: ({ query }, { organization, directory }) =>
      page(query, {
        place: `${organization.id} members`,
        list: (query) => directory.listMembers(query),
        keyOf: ({ name }) => name,
        shape: shapeMember,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/members',
    permission: 'members.manage',
    summary: 'Make a member or service account',
    body: newMember,
    answers: {
      201: one('Made'),
      409: refusal('The name or e-mail is taken'),
      422: refusal('The password is not taken, and why'),
    },
    async handle({ body: { name, ...rest } }, { directory }) {
      return json(201, shapeMember(await directory.createMember({ name, ...defined(rest) })))
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/members/{member}',
    permission: 'members.read',
    summary: 'One member',
    answers: { 200: one('As it stands'), 404: refusal('No such member') },
    handle: async ({ params }, { directory }) => json(200, shapeMember(await memberOf(directory, params.member))),
  }),
  inOrganization({
    method: 'PATCH',
    path: '/v1/members/{member}',
    permission: 'members.manage',
    summary: 'Change a member',
    body: change,
    answers: {
      200: one('As it stands now'),
      404: refusal('No such member'),
      409: refusal('The name is taken, or this is the last owner'),
    },
    async handle({ params, body }, { directory }) {
      const { id } = await memberOf(directory, params.member)
      return json(200, shapeMember(await directory.updateMember(id, defined(body))))
    },
  }),
  inOrganization({
    method: 'PUT',
    path: '/v1/members/{member}/password',
    permission: 'members.manage',
    summary: 'Set a password',
    body: newPassword,
    answers: { 204: answer('Set; the old one is dead'), 422: refusal('The password is not taken, and why') },
    async handle({ params, body }, { directory }) {
      await directory.setPassword((await memberOf(directory, params.member)).id, body.password)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/members/{member}',
    permission: 'members.manage',
    summary: 'Remove a member; what it published stays',
    answers: { 204: answer('Gone'), 404: refusal('No such member'), 409: refusal('This is the last owner') },
    async handle({ params }, { directory }) {
      await directory.deleteMember((await memberOf(directory, params.member)).id)
      return empty(204)
    },
  }),
]
