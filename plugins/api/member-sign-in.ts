import { empty, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { defined } from './body.js'
import { inOrganization } from './management-route.js'
import { memberOf } from './members.js'
import { organizationShape, shapeOrganization } from './shapes.js'
import { signInChange } from './sign-in-rules.js'

const memberSignIn = z
  .strictObject({
    secondFactor: z.boolean(),
    breakGlass: z.boolean(),
    /** Since when there is grace once more; null: since the member came, or the organization wants it. */
    graceSince: z.string().nullable(),
  })
  .meta({ id: 'MemberSignIn' })
const exception = z.strictObject({ breakGlass: z.boolean() }).meta({ id: 'SignInException', examples: [{ breakGlass: true }] })
const rules = z.strictObject(signInChange).meta({ id: 'SignInRules', examples: [{ mfa: 'required', mfaGraceDays: 14 }] })

/** How members of this organization sign in: for its owners. */
export const memberSignInRoutes = [
  inOrganization({
    method: 'PATCH',
    path: '/v1/organization',
    permission: 'organization.manage',
    session: { fresh: true },
    summary: 'What is asked of those who sign in; each rule acts on the next request',
    body: rules,
    answers: { 200: answer('As it stands now', organizationShape) },
    handle: async ({ body }, { administration }) =>
      json(200, shapeOrganization(await administration.setSignInRules(defined(body)))),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/members/{member}/sign-in',
    permission: 'members.read',
    summary: 'How a member signs in',
    answers: { 200: answer('As it stands', memberSignIn), 404: refusal('No such member') },
    async handle({ params }, { directory, administration }) {
      const { graceSince, ...rest } = await administration.signInOf((await memberOf(directory, params.member)).id)
      return json(200, { ...rest, graceSince: graceSince?.toISOString() ?? null })
    },
  }),
  inOrganization({
    method: 'PATCH',
    path: '/v1/members/{member}/sign-in',
    permission: 'organization.manage',
    session: { fresh: true },
    summary: 'Let a member in without the second factor that everybody else needs, for the day when nothing else works',
    body: exception,
    answers: { 204: answer('So it is from now on'), 404: refusal('No such member') },
    async handle({ params, body: { breakGlass } }, { directory, administration }) {
      await administration.setBreakGlass((await memberOf(directory, params.member)).id, breakGlass)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/members/{member}/sign-in/second-factor',
    permission: 'organization.manage',
    session: { fresh: true },
    summary: "Take a member's second factor away: their sessions end, and the password is enough until they set up another",
    answers: { 204: answer('Gone'), 404: refusal('No such member'), 409: refusal('There is none') },
    async handle({ params }, { directory, administration }) {
      await administration.resetSecondFactor((await memberOf(directory, params.member)).id)
      return empty(204)
    },
  }),
]
