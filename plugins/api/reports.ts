import { type Leaver, type Reviewed, type ReviewedToken, tokenFindings, z } from '#core'
import { refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { page, pageOf, pageQuery } from './page.js'

const level = z.enum(['read', 'write', 'delete', 'administer'])
const leaverShape = z
  .strictObject({
    id: z.string(),
    member: z.string().meta({ description: 'Id of who left' }),
    name: z.string().nullable().meta({ description: 'null: is no member any more' }),
    kind: z.enum(['member', 'service']),
    how: z.enum(['deactivated', 'deleted']),
    at: z.string(),
    by: z.strictObject({ kind: z.string(), id: z.string(), credential: z.string().optional() }),
    request: z.string(),
    counts: z.strictObject({
      tokens: z.number(),
      sessions: z.number(),
      resets: z.number(),
      uploads: z.number(),
      groups: z.number(),
      grants: z.number(),
    }),
    effectiveMs: z.number().nullable().meta({ description: 'From the call until all of it had ended' }),
    clearedMs: z.number().nullable(),
  })
  .meta({ id: 'Leaver' })
const reviewedShape = z
  .strictObject({
    kind: z.enum(['anonymous', 'member', 'service']),
    id: z.string(),
    name: z.string(),
    role: z.string().nullable(),
    status: z.enum(['active', 'inactive']),
    lastUsedAt: z.string().nullable(),
    access: z.array(
      z.strictObject({
        repository: z.string().meta({ description: '* for every repository' }),
        level,
        through: z.strictObject({ kind: z.enum(['role', 'grant', 'group', 'public']), name: z.string() }),
        path: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'ReviewedAccess' })
const finding = z.enum(tokenFindings)
const tokenShape = z
  .strictObject({
    member: z
      .strictObject({ id: z.string(), name: z.string(), status: z.enum(['active', 'inactive']) })
      .nullable()
      .meta({ description: "null: it is an identity provider's" }),
    connection: z.string().nullable().meta({ description: "The identity provider whose it is; null: a member's" }),
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    createdAt: z.string(),
    createdBy: z.string(),
    expiresAt: z.string(),
    lastUsedAt: z.string().nullable(),
    findings: z.array(finding),
  })
  .meta({ id: 'ReviewedToken' })

const days = (what: string) =>
  z
    .preprocess(
      (text) => (typeof text === 'string' && /^\d{1,4}$/.test(text) ? Number(text) : text),
      z.number().int().min(1).max(3_650),
    )
    .default(90)
    .meta({ description: what, examples: [90] })
const accessQuery = pageQuery.extend({
  repository: z.string().min(1).max(80).optional().meta({ description: 'Only who reaches this repository' }),
})
const tokenQuery = pageQuery.extend({
  oldDays: days('Days after which a token is old; 90 where it is not said'),
  unusedDays: days('Days after its last use after which a token is unused; 90 where it is not said'),
  finding: finding.optional().meta({ description: 'Only tokens of which this is to be said' }),
})

/** For reviews: what auditors ask each quarter. */
export const reportRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/reports/leavers',
    permission: 'audit.read',
    summary: 'Who was deactivated or deleted, by whom, and what ended with it, newest first',
    query: pageQuery,
    answers: { 200: pageOf(leaverShape) },
    handle: ({ query }, { organization, audit }) =>
      page(query, {
        place: `${organization.id} leavers`,
        list: ({ after }) => audit.leavers(after === undefined ? {} : { after }),
        keyOf: ({ id }) => id,
        shape: shapeLeaver,
      }),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/reports/access',
    permission: 'audit.read',
    summary: 'Who can do what in which repository, through which role, grant or group, and when they last did anything',
    query: accessQuery,
    answers: { 200: pageOf(reviewedShape), 404: refusal('No such repository') },
    handle: ({ query: { repository, ...query } }, { organization, audit }) =>
      page(query, {
        place: `${organization.id} access ${repository ?? ''}`,
        list: ({ after }) =>
          audit.accessReview({
            ...(after === undefined ? {} : { after: after.slice(1) }),
            ...(repository === undefined ? {} : { repository }),
          }),
        // Anybody has no name, and a key is never empty.
        keyOf: ({ name }) => `:${name}`,
        shape: shapeReviewed,
      }),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/reports/tokens',
    permission: 'audit.read',
    summary: 'Tokens that are old, unused, broad, without end, or of somebody who left; first those of identity providers',
    query: tokenQuery,
    answers: { 200: pageOf(tokenShape) },
    handle: ({ query: { oldDays, unusedDays, finding, ...query } }, { organization, audit }) =>
      page(query, {
        place: `${organization.id} token report`,
        list({ after }) {
          // A colon stands in neither.
          const [member = '', token = ''] = after?.split(':') ?? []
          return audit.tokenReview({
            oldDays,
            unusedDays,
            ...(finding === undefined ? {} : { finding }),
            ...(after === undefined ? {} : { after: { member, token } }),
          })
        },
        keyOf: ({ member, id }) => `${member?.name ?? ''}:${id}`,
        shape: shapeToken,
      }),
  }),
]

const shapeLeaver = ({ name, at, effectiveMs, clearedMs, ...rest }: Leaver & { readonly name?: string }) => ({
  ...rest,
  name: name ?? null,
  at: at.toISOString(),
  effectiveMs: effectiveMs ?? null,
  clearedMs: clearedMs ?? null,
})
const shapeReviewed = ({ role, lastUsedAt, access, ...rest }: Reviewed) => ({
  ...rest,
  role: role ?? null,
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
  access: access.map(({ path, ...one }) => ({ ...one, path: path ?? null })),
})
const shapeToken = ({ member, connection, createdAt, expiresAt, lastUsedAt, ...rest }: ReviewedToken) => ({
  ...rest,
  member: member ?? null,
  connection: connection ?? null,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
})
