import { empty, json, z } from '#core'
import { answer, refusal, sharedRefusals } from './answers.js'
import { inOrganization } from './management-route.js'
import { sayCursor, takeCursor } from './page.js'
import { sessionShape, signedIn } from './session.js'

/** Of anybody: whether there is such a member is told to nobody. */
const forgotten = z
  .strictObject({ email: z.string().min(1).max(254) })
  .meta({ id: 'ForgottenPassword', examples: [{ email: 'alice@acme.example' }] })
const reset = z
  .strictObject({
    /** As the mail says. */
    token: z.string(),
    password: z.string(),
    /** Tokens of the member die with its old password unless this is true. */
    keepTokens: z.boolean().optional(),
  })
  .meta({
    id: 'PasswordReset',
    examples: [{ token: '3f0c6a1e-5d0b-4c9e-8f57-0a1b2c3d4e5f', password: 'correct-horse-battery' }],
  })
export const takenShape = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Taken' })
const hashes = z
  .strictObject({
    items: z.array(
      z.strictObject({
        /** As in the PHC form, with the bytes of the salt: 'pbkdf2-blake2b512 i=50000,l=64,s=12'; 'none' for members without a password. */
        parameters: z.string(),
        /** As new ones are made, or stronger. */
        current: z.boolean(),
        accounts: z.number(),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: 'PasswordHashes' })
const mostCounted = 10_000
const counted = z
  .preprocess(
    (text) => (typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : text),
    z.number().int().min(1).max(mostCounted),
  )
  .default(mostCounted)
  .meta({ description: 'How many members are looked at; 10,000 where it is not said', examples: [1_000] })
const countQuery = z.strictObject({
  limit: counted,
  cursor: z.string().max(1_000).optional().meta({ description: 'What `next` said of the part before' }),
})

const changed = z
  .strictObject({
    /** The password of now. */
    current: z.string(),
    password: z.string(),
    /** Tokens of the member die too. */
    revokeTokens: z.boolean().optional(),
  })
  .meta({ id: 'PasswordChange', examples: [{ current: 'seven-brown-foxes', password: 'correct-horse-battery' }] })

export const throttledCodes = { 429: sharedRefusals.Throttled }
export const codeRefusals = {
  400: refusal('The code is wrong, used, run out, or of somebody else: one answer for all, RESET_INVALID'),
  ...throttledCodes,
}

/** Passwords that their members have forgotten, and how those that are there were hashed. */
export const passwordRoutes = [
  inOrganization({
    method: 'POST',
    path: '/v1/password/forgot',
    permission: 'none',
    summary: 'Have a code mailed to the verified address of a member, if there is one; the answer is the same if not',
    body: forgotten,
    answers: { 202: answer('Taken', takenShape), ...throttledCodes },
    async handle({ body: { email } }, { accounts }) {
      await accounts.forgotPassword(email)
      return json(202, { status: 'ok' })
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/password/reset',
    permission: 'none',
    summary: 'Set a password by a mailed code; sessions and tokens of the member end, and nobody is signed in',
    body: reset,
    answers: {
      204: answer('Set; the code is used up'),
      ...codeRefusals,
      422: refusal('The password is not taken, and why; the code stays good'),
    },
    async handle({ body: { token, password, keepTokens = false } }, { accounts }) {
      await accounts.resetPassword(token, password, { keepTokens })
      return empty(204)
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/password',
    permission: 'account.manage',
    session: { pending: true },
    summary: "Set one's own password, knowing the one of now; other sessions end",
    body: changed,
    answers: {
      200: answer('Set; a new session in the place of this one', sessionShape),
      403: refusal('The password of now is another one, or this is no session'),
      409: refusal('Somebody else has set it, or ended all sessions, meanwhile'),
      422: refusal('The password is not taken, and why'),
    },
    handle: async ({ body: { current, password, revokeTokens = false } }, { ownAccount }) =>
      signedIn(200, await ownAccount.changePassword(current, password, revokeTokens)),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/password/hashes',
    permission: 'members.manage',
    summary: 'How many accounts have a password that was hashed with which numbers',
    query: countQuery,
    answers: { 200: answer('Of the members that were looked at', hashes) },
    async handle({ query: { limit, cursor } }, { organization, accounts }) {
      const place = `${organization.id} hashes`
      const after = takeCursor(place, cursor)
      const { hashes, withoutPassword, next } = await accounts.countHashes({ limit, ...(after === undefined ? {} : { after }) })
      const none = withoutPassword === 0 ? [] : [{ parameters: 'none', current: true, accounts: withoutPassword }]
      return json(200, { items: [...hashes, ...none], next: next === undefined ? null : sayCursor(place, next) })
    },
  }),
]
