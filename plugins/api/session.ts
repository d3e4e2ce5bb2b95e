import { json, type SessionView, type SignedIn, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'

const credential = z.string().min(1).max(1_024)
export const codeShape = z.string().min(1).max(40)
const credentials = z
  .strictObject({ login: credential, password: credential, code: codeShape.optional() })
  .meta({ id: 'SignIn', examples: [{ login: 'alice', password: 'correct-horse-battery', code: '123456' }] })
const again = z
  .strictObject({ password: credential, code: codeShape.optional() })
  .meta({ id: 'StepUp', examples: [{ password: 'correct-horse-battery', code: '123456' }] })

export const secondFactorShape = z.strictObject({
  enrolled: z.boolean(),
  required: z.boolean(),
  recoveryCodes: z.number().int().meta({ description: 'How many are left' }),
})
export const sessionShape = z
  .strictObject({
    state: z.enum(['authenticated', 'mfa_pending']),
    /** Of a pending session: what it waits for. */
    pending: z.enum(['code', 'mailed-code', 'password', 'enrolment']).nullable(),
    member: z.strictObject({
      id: z.string(),
      name: z.string(),
      role: z.enum(['owner', 'admin', 'developer', 'reader']).nullable(),
    }),
    csrfToken: z.string().meta({ description: 'For X-CSRF-Token, in every request of this session that changes something' }),
    authenticatedAt: z.string(),
    methods: z.array(z.string()),
    secondFactor: secondFactorShape,
  })
  .meta({ id: 'Session' })

export const shapeSession = ({ principal, session, secondFactor }: SessionView) => ({
  state: session.pending === undefined ? 'authenticated' : 'mfa_pending',
  pending: session.pending ?? null,
  member: { id: principal.id, name: principal.name, role: principal.role ?? null },
  csrfToken: session.csrf,
  authenticatedAt: session.authenticatedAt.toISOString(),
  methods: session.methods,
  secondFactor,
})

const noStore = { 'cache-control': 'no-store' }
/** The session in the body, its secret in the cookie alone. */
export function signedIn(status: number, signed: SignedIn, more: Readonly<Record<string, unknown>> = {}) {
  return { ...json(status, { ...shapeSession(signed), ...more }, noStore), cookies: signed.cookies }
}

export const sessionRoutes = [
  inOrganization({
    method: 'POST',
    path: '/v1/session',
    permission: 'none',
    summary:
      'Sign in: a session by cookie, over https or on this machine. Without the code of a second factor that is there, it waits for it; while the account is guessed at, from a browser that is not known, for a code that is mailed',
    body: credentials,
    answers: {
      201: answer('Signed in, or waiting for a code', sessionShape),
      401: refusal('Name, password or code is wrong'),
      403: refusal('Asked from another site, or the cookie would travel in the clear'),
      429: refusal('Too many failures; Retry-After says when to come again'),
    },
    handle: async ({ body: { login, password, code } }, { ownAccount }) =>
      signedIn(201, await ownAccount.signIn(login, password, code)),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/session',
    permission: 'account.manage',
    session: { pending: true },
    summary: 'Who this session is of, and the token that its requests carry',
    answers: { 200: answer('As it stands', sessionShape) },
    handle: async (_request, { ownAccount }) => json(200, shapeSession(await ownAccount.session()), noStore),
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/session',
    permission: 'account.manage',
    session: { pending: true },
    summary: 'Sign out',
    answers: { 204: answer('Signed out: the cookie is worth nothing any more') },
    async handle(_request, { ownAccount }) {
      const { cookies } = await ownAccount.signOut()
      return { status: 204, headers: { ...noStore, 'clear-site-data': '"cookies", "storage"' }, cookies }
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/session/step-up',
    permission: 'account.manage',
    session: { pending: true },
    summary: 'Show the password once more, for what needs it to be ten minutes old at most',
    body: again,
    answers: {
      200: answer('A new session in the place of this one', sessionShape),
      429: refusal('Too many failures; Retry-After says when to come again'),
    },
    handle: async ({ body: { password, code } }, { ownAccount }) => signedIn(200, await ownAccount.stepUp(password, code)),
  }),
]
