import { type EmailState, empty, json, principalId, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { memberOf } from './members.js'
import { emailShape } from './names.js'
import { codeRefusals, takenShape } from './password.js'

const codeShape = z
  .strictObject({ token: z.string() })
  .meta({ id: 'MailedCode', examples: [{ token: '3f0c6a1e-5d0b-4c9e-8f57-0a1b2c3d4e5f' }] })
const newEmail = z
  .strictObject({
    email: emailShape,
    /** The password of now. */
    current: z.string(),
  })
  .meta({ id: 'EmailChange', examples: [{ email: 'alice@acme.example', current: 'seven-brown-foxes' }] })
const stateShape = z
  .strictObject({
    email: z.string().nullable(),
    /** Null: mail with codes does not go there. */
    verifiedAt: z.string().nullable(),
    by: z.enum(['member', 'invitation', 'administrator']).nullable(),
  })
  .meta({ id: 'EmailState' })

const shape = ({ email, verifiedAt, by }: EmailState) => ({
  email: email ?? null,
  verifiedAt: verifiedAt?.toISOString() ?? null,
  by: by ?? null,
})

/** E-mail addresses of members: whether they are theirs, and how that is shown. */
export const emailRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/members/{member}/email',
    permission: 'members.read',
    summary: "A member's e-mail address, and since when it is known to be theirs",
    answers: { 200: answer('As it stands', stateShape), 404: refusal('No such member') },
    async handle({ params }, { directory, accounts }) {
      return json(200, shape(await accounts.emailState((await memberOf(directory, params.member)).id)))
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/members/{member}/email/verification',
    permission: 'members.manage',
    summary: 'Have a code mailed to the address of a member, for the member to say that it is theirs',
    answers: { 202: answer('It will go out', takenShape), 404: refusal('No such member') },
    async handle({ params }, { directory, accounts }) {
      await accounts.verifyEmail((await memberOf(directory, params.member)).id)
      return json(202, { status: 'ok' })
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/email',
    permission: 'account.manage',
    summary: "One's own e-mail address, and since when it is known to be that",
    answers: { 200: answer('As it stands', stateShape) },
    handle: async (_request, { principal, accounts }) => json(200, shape(await accounts.emailState(principalId(principal)))),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/email',
    permission: 'account.manage',
    summary: 'Have a code mailed to an address that is to become the own one; nothing changes until it comes back',
    body: newEmail,
    answers: {
      202: answer('It will go out', takenShape),
      403: refusal('The password of now is another one, or this is no session'),
    },
    async handle({ body: { email, current } }, { accounts }) {
      await accounts.changeEmail(email, current)
      return json(202, { status: 'ok' })
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/email/verification',
    permission: 'account.manage',
    summary: "Have a code mailed to one's own address, to say that it is that",
    answers: { 202: answer('It will go out', takenShape) },
    async handle(_request, { principal, accounts }) {
      await accounts.verifyEmail(principalId(principal))
      return json(202, { status: 'ok' })
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/email/confirm',
    permission: 'none',
    summary: 'Say by a mailed code that an address is yours; where it is a new one, it takes the place of the old',
    body: codeShape,
    answers: {
      204: answer('Verified; the code is used up'),
      ...codeRefusals,
      409: refusal('The address belongs to another member'),
    },
    async handle({ body: { token } }, { accounts }) {
      await accounts.confirmEmail(token)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/email/revert',
    permission: 'none',
    summary: 'Take an address back by the code that was mailed to it; all sessions end',
    body: codeShape,
    answers: {
      204: answer('It is the address again; the code is used up'),
      ...codeRefusals,
      409: refusal('The address belongs to another member'),
    },
    async handle({ body: { token } }, { accounts }) {
      await accounts.revertEmail(token)
      return empty(204)
    },
  }),
]
