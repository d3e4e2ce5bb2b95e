import { empty, json, type OrganizationContext, organizationRoute, parseScopes, type TokenRequest, z } from '#core'
import { bodyOf, queryOf } from './body.js'
import { memberOf } from './members.js'
import { problemShape, shapeToken, tokenShape } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })

const newToken = z.strictObject({
  /** Whose it is; the caller's own where absent. */
  member: z.string().optional(),
  name: z.string().min(1).max(100),
  scopes: z.array(z.string()).min(1).max(50),
  expiresInDays: z.number().int().min(1).max(365).optional(),
  packages: z.array(z.string()).max(100).optional(),
  cidr: z.array(z.string()).max(50).optional(),
})
const issued = z.strictObject({ id: z.string(), token: z.string(), prefix: z.string(), expiresAt: z.string() })
const whose = z.strictObject({ member: z.string().optional() })

export const tokenRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/tokens',
    permission: 'organization.read',
    describe: {
      summary: "Tokens of the caller, or of the member named; a token's secret is never shown again",
      query: whose,
      answers: { 200: { description: 'All of them', body: z.strictObject({ items: z.array(tokenShape), next: z.null() }) } },
    },
    async handle(request, context) {
      const { member } = queryOf(request, whose)
      const list = member === undefined ? context.tokens.list() : await ofMember(context, member)
      const items: unknown[] = []
      for await (const token of list) items.push(shapeToken(token))
      return json(200, { items, next: null })
    },
  }),
  organizationRoute({
    method: 'POST',
    path: '/v1/tokens',
    permission: 'tokens.issue',
    describe: {
      summary: 'Issue a token to the caller, from a session; the operator issues to members',
      body: newToken,
      answers: {
        201: { description: 'The only time the secret is shown', body: issued },
        403: refusal('A token makes no token, and nobody gives more than they have'),
      },
    },
    async handle(request, context) {
      const { member, name, scopes, expiresInDays, packages, cidr } = await bodyOf(request, newToken)
      const wanted: TokenRequest = {
        name,
        scopes: parseScopes(scopes),
        ...(expiresInDays === undefined ? {} : { expiresInDays }),
        ...(packages === undefined ? {} : { packages }),
        ...(cidr === undefined ? {} : { cidr }),
      }
      if (member === undefined) return issuedReply(await context.tokens.issue(wanted))
      const managing = await context.widen('members.manage')
      return issuedReply(await managing.administration.issueToken((await memberOf(managing.directory, member)).id, wanted))
    },
  }),
  organizationRoute({
    method: 'DELETE',
    path: '/v1/tokens/{token}',
    permission: 'tokens.issue',
    describe: {
      summary: 'Revoke a token: dead at the next request',
      query: whose,
      answers: { 204: { description: 'Revoked' }, 404: refusal('No such token') },
    },
    async handle(request, context) {
      const { member } = queryOf(request, whose)
      const { token } = request.params
      if (member === undefined) await context.tokens.revoke(token)
      else {
        const managing = await context.widen('members.manage')
        await managing.administration.revokeToken((await memberOf(managing.directory, member)).id, token)
      }
      return empty(204)
    },
  }),
]

async function ofMember(context: OrganizationContext, name: string) {
  const { directory, administration } = await context.widen('members.read')
  return administration.listTokens((await memberOf(directory, name)).id)
}

function issuedReply(token: { readonly id: string; readonly token: string; readonly prefix: string; readonly expiresAt: Date }) {
  return json(201, { id: token.id, token: token.token, prefix: token.prefix, expiresAt: token.expiresAt.toISOString() })
}
