import { empty, json, type ScimTokenRecord, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { behind, page, pageOf, pageQuery } from './page.js'

const connection = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .meta({ description: 'The identity provider, by a name of your own', examples: ['okta'] })
const newScimToken = z
  .strictObject({
    connection,
    expiresInDays: z.number().int().min(1).max(365).optional(),
    cidr: z.array(z.string()).max(50).optional(),
  })
  .meta({ id: 'NewScimToken', examples: [{ connection: 'okta', expiresInDays: 365 }] })
const issued = z
  .strictObject({ id: z.string(), token: z.string(), prefix: z.string(), expiresAt: z.string() })
  .meta({ id: 'IssuedScimToken' })
const scimTokenShape = z
  .strictObject({
    id: z.string(),
    connection: z.string(),
    prefix: z.string(),
    cidr: z.array(z.string()),
    createdAt: z.string(),
    expiresAt: z.string(),
    lastUsedAt: z.string().nullable(),
  })
  .meta({ id: 'ScimToken' })
const shape = ({ id, connection, prefix, cidr, createdAt, expiresAt, lastUsedAt }: ScimTokenRecord) => ({
  id,
  connection,
  prefix,
  cidr: [...cidr],
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
})

/** Tokens by which identity providers come in, at the address of SCIM and nowhere else. */
export const scimTokenRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/scim-tokens',
    permission: 'organization.manage',
    summary: 'Tokens of identity providers, without their secrets; lastUsedAt tells which of two is idle',
    query: pageQuery,
    answers: { 200: pageOf(scimTokenShape) },
    handle: ({ query }, { organization, administration }) =>
      page(query, {
        place: `${organization.id} scim tokens`,
        list: ({ after }) => behind(administration.scimTokens.list(), ({ id }) => id, after),
        keyOf: ({ id }) => id,
        shape,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/scim-tokens',
    permission: 'organization.manage',
    summary:
      'Issue a token to an identity provider: good for SCIM alone. Two of one provider live at once, so that it can change over',
    body: newScimToken,
    answers: {
      201: answer('The only time the secret is shown', issued),
      409: refusal('The provider has two tokens already, or there are too many providers'),
    },
    async handle({ body: { connection, expiresInDays, cidr } }, { administration }) {
      const made = await administration.scimTokens.issue({
        connection,
        ...(expiresInDays === undefined ? {} : { expiresInDays }),
        ...(cidr === undefined ? {} : { cidr }),
      })
      return json(201, { id: made.id, token: made.token, prefix: made.prefix, expiresAt: made.expiresAt.toISOString() })
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/scim-tokens/{token}',
    permission: 'organization.manage',
    summary: 'Revoke a token of an identity provider, by its id: dead at the next request',
    answers: { 204: answer('Revoked'), 404: refusal('No such token') },
    async handle({ params: { token } }, { administration }) {
      await administration.scimTokens.revoke(token)
      return empty(204)
    },
  }),
]
