import { empty, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { codeShape, secondFactorShape, sessionShape, signedIn } from './session.js'

const shown = z.strictObject({ code: codeShape }).meta({ id: 'OneTimeCode', examples: [{ code: '123456' }] })
const enrolment = z
  .strictObject({
    secret: z.string().meta({ description: 'Base32, for those who type it' }),
    uri: z.string().meta({ description: 'otpauth://totp/…, for a QR code' }),
  })
  .meta({ id: 'Enrolment' })
const recoveryCodes = z.array(z.string()).meta({ description: 'Each good once; shown this one time' })
const confirmed = sessionShape.extend({ recoveryCodes }).meta({ id: 'ConfirmedFactor' })
const wishes = z
  .strictObject({ codeOnPublish: z.boolean() })
  .meta({ id: 'SecondFactorChange', examples: [{ codeOnPublish: true }] })

const noStore = { 'cache-control': 'no-store' }
const wrongCode = refusal('No session, or the code is wrong or was used before')
const tooMany = refusal('Too many wrong codes; Retry-After says when to come again')

/** The second factor of whoever asks, by a session of theirs. */
export const mfaRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/mfa',
    permission: 'account.manage',
    session: { pending: true },
    summary: 'Is there a second factor, and does the organization want one?',
    answers: { 200: answer('As it stands', secondFactorShape) },
    handle: async (_request, { ownAccount }) => json(200, (await ownAccount.session()).secondFactor, noStore),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/mfa/totp',
    permission: 'account.manage',
    session: { pending: true, fresh: true },
    summary: 'Begin to set up one-time codes of an app: good for ten minutes, and for nothing until one of them was confirmed',
    answers: { 201: answer('The only time the secret is shown', enrolment), 409: refusal('There is a second factor already') },
    handle: async (_request, { ownAccount }) => json(201, await ownAccount.enrol(), noStore),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/mfa/totp/confirm',
    permission: 'account.manage',
    session: { pending: true, fresh: true },
    summary: 'Show a code of the app that was set up: it counts from now on, and every other session of the member ends',
    body: shown,
    answers: {
      200: answer('A new session in the place of this one', confirmed),
      401: wrongCode,
      409: refusal('Nothing is being set up'),
      429: tooMany,
    },
    async handle({ body: { code } }, { ownAccount }) {
      const { recoveryCodes, ...signed } = await ownAccount.confirm(code)
      return signedIn(200, signed, { recoveryCodes })
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/mfa/verify',
    permission: 'account.manage',
    session: { pending: true },
    summary: 'The code that a session waits for: of the app, for recovery, or from the mail',
    body: shown,
    answers: {
      200: answer('A new session in the place of this one', sessionShape),
      401: wrongCode,
      409: refusal('This session waits for no code'),
      429: tooMany,
    },
    handle: async ({ body: { code } }, { ownAccount }) => signedIn(200, await ownAccount.showCode(code)),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/mfa/recovery-codes',
    permission: 'account.manage',
    session: { fresh: true },
    summary: 'Ten new codes for recovery; the old ones are worth nothing any more',
    answers: { 201: answer('The only time they are shown', z.strictObject({ recoveryCodes }).meta({ id: 'RecoveryCodes' })) },
    handle: async (_request, { ownAccount }) => json(201, { recoveryCodes: await ownAccount.renewRecoveryCodes() }, noStore),
  }),
  inOrganization({
    method: 'PATCH',
    path: '/v1/mfa',
    permission: 'account.manage',
    session: { fresh: true },
    summary: 'Whether npm has to show a one-time code for every change that it makes in the name of the caller',
    body: wishes,
    answers: { 204: answer('So it is from now on') },
    async handle({ body: { codeOnPublish } }, { ownAccount }) {
      await ownAccount.askOnPublish(codeOnPublish)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/mfa/totp',
    permission: 'account.manage',
    session: { fresh: true },
    summary: 'Take the second factor away, and its recovery codes',
    answers: { 204: answer('Gone'), 409: refusal('The organization wants one') },
    async handle(_request, { ownAccount }) {
      await ownAccount.removeFactor()
      return empty(204)
    },
  }),
]
