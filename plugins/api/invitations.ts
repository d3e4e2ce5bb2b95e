import { empty, type Invitation, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { defined } from './body.js'
import { inOrganization } from './management-route.js'
import { displayNameShape, emailShape, memberNameShape } from './names.js'
import { page, pageOf, pageQuery } from './page.js'
import { codeRefusals } from './password.js'
import { memberShape, shapeMember } from './shapes.js'

const invitationShape = z
  .strictObject({
    id: z.string(),
    email: z.string(),
    name: z.string().nullable(),
    role: z.enum(['owner', 'admin', 'developer', 'reader']).nullable(),
    invitedBy: z.string(),
    createdAt: z.string(),
    expiresAt: z.string(),
  })
  .meta({ id: 'Invitation' })
const shape = (one: Invitation) => ({
  id: one.id,
  email: one.email,
  name: one.name ?? null,
  role: one.role ?? null,
  invitedBy: one.invitedBy,
  createdAt: one.createdAt.toISOString(),
  expiresAt: one.expiresAt.toISOString(),
})
const newInvitation = z
  .strictObject({
    email: emailShape,
    /** Whoever accepts chooses one where it is left out. */
    name: memberNameShape.optional(),
    role: z.enum(['owner', 'admin', 'developer', 'reader']).optional(),
  })
  .meta({ id: 'NewInvitation', examples: [{ email: 'alice@acme.example', role: 'developer' }] })
const acceptance = z
  .strictObject({
    token: z.string(),
    password: z.string(),
    name: memberNameShape.optional(),
    displayName: displayNameShape.optional(),
  })
  .meta({
    id: 'Acceptance',
    examples: [{ token: '3f0c6a1e-5d0b-4c9e-8f57-0a1b2c3d4e5f', name: 'alice', password: 'correct-horse-battery' }],
  })

/** Members to be: invited by mail, with a role that is fixed then, for a week. */
export const invitationRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/invitations',
    permission: 'members.manage',
    summary: 'Invitations that stand',
    query: pageQuery,
    answers: { 200: pageOf(invitationShape) },
    handle: ({ query }, { organization, accounts }) =>
      page(query, {
        place: `${organization.id} invitations`,
        list: (query) => accounts.listInvitations(query),
        keyOf: ({ id }) => id,
        shape,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/invitations',
    permission: 'members.manage',
    summary: 'Invite somebody by mail',
    body: newInvitation,
    answers: {
      201: answer('It will go out', invitationShape),
      409: refusal('The address or the name belongs to a member, or the address is invited already'),
    },
    async handle({ body: { email, ...rest } }, { accounts }) {
      return json(201, shape(await accounts.invite({ email, ...defined(rest) })))
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/invitations/{invitation}',
    permission: 'members.manage',
    summary: 'Take an invitation back',
    answers: { 204: answer('Its code is dead'), 404: refusal('No such invitation') },
    async handle({ params }, { accounts }) {
      await accounts.revokeInvitation(params.invitation)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/invitations/accept',
    permission: 'none',
    summary: 'Become a member by a mailed code; the address that it went to is verified, and nobody is signed in',
    body: acceptance,
    answers: {
      201: answer('Made', memberShape),
      ...codeRefusals,
      409: refusal('The name or the address belongs to a member; the code stays good'),
      422: refusal('The password is not taken, and why; the code stays good'),
    },
    async handle({ body: { token, password, ...rest } }, { accounts }) {
      return json(201, shapeMember(await accounts.acceptInvitation(token, { password, ...defined(rest) })))
    },
  }),
]
