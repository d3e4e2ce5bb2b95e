import { type Erasure, empty, json, type LegalHold, notFound, shownAs, z } from '#core'
import { answer, refusal } from './answers.js'
import { jsonLines, linesAnswer } from './json-lines.js'
import { inOrganization } from './management-route.js'
import { memberOf } from './members.js'
import { page, pageOf, pageQuery } from './page.js'

const somebody = z.strictObject({ kind: z.string(), id: z.string(), credential: z.string().optional() })
const erasureShape = z
  .strictObject({
    id: z.string(),
    member: z.string().meta({ description: 'Id of the member' }),
    state: z.enum(['waiting', 'cancelled', 'done']),
    requestedAt: z.string(),
    by: somebody,
    reason: z.string().nullable(),
    notBefore: z.string().meta({ description: 'Until then it can be taken back; from then on the house does it' }),
    dueAt: z.string().meta({ description: 'It has to be done by then' }),
    blocked: z.string().nullable().meta({ description: 'Why it was not done when its time had come' }),
    endedAt: z.string().nullable(),
    shownAs: z.string().nullable().meta({ description: 'What it published is shown as theirs' }),
    counts: z.record(z.string(), z.number()).meta({ description: 'What was erased, once it was' }),
  })
  .meta({ id: 'Erasure' })
const one = (description: string) => answer(description, erasureShape)
const reason = z.string().min(1).max(500)
const newErasure = z
  .strictObject({ member: z.string().min(1).max(254), reason: reason.optional() })
  .meta({ id: 'NewErasure', examples: [{ member: 'alice', reason: 'Asked for on paper, file 17' }] })
const holdShape = z.strictObject({ reason: z.string(), since: z.string(), by: somebody }).meta({ id: 'LegalHold' })
const newHold = z.strictObject({ reason }).meta({ id: 'NewLegalHold', examples: [{ reason: 'Case 4 of 2026' }] })

/** What is held about persons: told to them, and taken away where they ask for it. */
export const privacyRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/account/data',
    permission: 'account.manage',
    session: { fresh: true },
    summary: 'Everything that is held about oneself, as JSON lines; once a day',
    answers: { 200: linesAnswer, 429: refusal('Once a day; Retry-After says when to come again') },
    handle: async (_request, { privacy }) => jsonLines('my-data.jsonl', await privacy.exportOwn()),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/account/erasure',
    permission: 'account.manage',
    summary: 'Does a request wait to erase oneself?',
    answers: { 200: one('It waits'), 404: refusal('None waits') },
    handle: async (_request, { privacy }) => json(200, shapeErasure(await privacy.ownErasure())),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/account/erasure',
    permission: 'account.manage',
    session: { fresh: true },
    summary: 'Ask to be erased: done after 72 hours, in which it can be taken back, and within 30 days',
    answers: { 201: one('It waits'), 409: refusal('One waits already') },
    handle: async (_request, { privacy }) => json(201, shapeErasure(await privacy.requestOwnErasure())),
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/account/erasure',
    permission: 'account.manage',
    summary: 'Stay after all',
    answers: { 200: one('Taken back'), 404: refusal('None waits') },
    handle: async (_request, { privacy }) => json(200, shapeErasure(await privacy.cancelOwnErasure())),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/members/{member}/data',
    permission: 'members.manage',
    session: { fresh: true },
    summary:
      'Everything that is held about a member, as JSON lines: profile, groups, grants, tokens, sessions, what the log says',
    answers: { 200: linesAnswer, 404: refusal('No such member') },
    async handle({ params }, { directory, privacy }) {
      const { id } = await memberOf(directory, params.member)
      return jsonLines(`${id}.jsonl`, await privacy.exportMember(id))
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/erasures',
    permission: 'members.read',
    summary: 'Requests to erase a member, and the certificates of those that are done, newest first',
    query: pageQuery,
    answers: { 200: pageOf(erasureShape) },
    handle: ({ query }, { organization, privacy }) =>
      page(query, {
        place: `${organization.id} erasures`,
        list: ({ after }) => privacy.listErasures(after === undefined ? {} : { after }),
        keyOf: ({ id }) => id,
        shape: shapeErasure,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/erasures',
    permission: 'members.manage',
    session: { fresh: true },
    summary: 'Ask that a member is erased: done after 72 hours, in which it can be taken back, and within 30 days',
    body: newErasure,
    answers: {
      201: one('It waits'),
      404: refusal('No such member'),
      409: refusal('One waits already, or the member is erased'),
    },
    async handle({ body: { member, reason } }, { directory, privacy }) {
      const found = (await directory.findMemberByLogin(member)) ?? (await directory.findMember(member))
      return json(201, shapeErasure(await privacy.requestErasure(found?.id ?? member, reason)))
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/erasures/{erasure}',
    permission: 'members.read',
    summary: 'One request, or its certificate',
    answers: { 200: one('As it stands'), 404: refusal('No such request') },
    handle: async ({ params }, { privacy }) => json(200, shapeErasure(await privacy.getErasure(params.erasure))),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/erasures/{erasure}/cancel',
    permission: 'members.manage',
    summary: 'Take a request back',
    answers: { 200: one('Taken back'), 404: refusal('No such request'), 409: refusal('It is done, or was taken back') },
    handle: async ({ params }, { privacy }) => json(200, shapeErasure(await privacy.cancelErasure(params.erasure))),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/legal-hold',
    permission: 'organization.manage',
    summary: 'Why nothing may be erased',
    answers: { 200: answer('It holds', holdShape), 404: refusal('There is none') },
    async handle(_request, { organization, privacy }) {
      const hold = await privacy.hold()
      if (hold === undefined) throw notFound('legal hold', organization.name)
      return json(200, shapeHold(hold))
    },
  }),
  inOrganization({
    method: 'PUT',
    path: '/v1/legal-hold',
    permission: 'organization.manage',
    session: { fresh: true },
    summary: 'From now on no member is erased, no audit row expires, and the organization cannot be deleted',
    body: newHold,
    answers: { 200: answer('It holds', holdShape) },
    handle: async ({ body }, { privacy }) => json(200, shapeHold(await privacy.setHold(body.reason))),
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/legal-hold',
    permission: 'organization.manage',
    session: { fresh: true },
    summary: 'Lift it: what waited goes on',
    answers: { 204: answer('Lifted'), 404: refusal('There is none') },
    async handle(_request, { privacy }) {
      await privacy.liftHold()
      return empty(204)
    },
  }),
]

const shapeErasure = (one: Erasure) => ({
  id: one.id,
  member: one.member,
  state: one.state,
  requestedAt: one.requestedAt.toISOString(),
  by: one.by,
  reason: one.reason ?? null,
  notBefore: one.notBefore.toISOString(),
  dueAt: one.dueAt.toISOString(),
  blocked: one.blocked ?? null,
  endedAt: one.endedAt?.toISOString() ?? null,
  shownAs: one.number === undefined ? null : shownAs(one.number),
  counts: one.counts ?? {},
})
const shapeHold = ({ reason, since, by }: LegalHold) => ({ reason, since: since.toISOString(), by })
