import {
  type Directory,
  empty,
  invalid,
  json,
  type OrganizationContext,
  organizationRoute,
  parseScopes,
  type TokenRecord,
  type TokenRequest,
  z,
} from '#core'
import { bodyOf, queryOf } from './body.js'
import { memberOf } from './members.js'
import { behind, type Listed, pageBehind, pageOf, pageQuery } from './page.js'
import { problemShape, shapeToken, tokenShape } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })

const newToken = z.strictObject({
  /** Whose it is; the caller's own where absent. */
  member: z.string().optional(),
  name: z.string().min(1).max(128),
  scopes: z.array(z.string()).min(1).max(50),
  expiresInDays: z.number().int().min(1).max(365).optional(),
  cidr: z.array(z.string()).max(50).optional(),
})
const issued = z.strictObject({ id: z.string(), token: z.string(), prefix: z.string(), expiresAt: z.string() })
const whose = z.strictObject({ member: z.string().optional() })
const someones = pageQuery.extend(whose.shape)

export const tokenRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/tokens',
    permission: 'organization.read',
    describe: {
      summary:
        'Tokens of the caller, or of the member named; of everybody, where the operator names none. No secret is ever shown again',
      query: someones,
      answers: { 200: { description: 'One page', body: pageOf(tokenShape) }, 404: refusal('No such member') },
    },
    async handle(request, context) {
      const { member, ...query } = queryOf(request, someones)
      if (member === undefined && context.principal.kind !== 'operator') return pageBehind(query, own(context))
      const reading = await context.widen('members.read')
      return pageBehind(query, member === undefined ? everybodys(reading) : await ofMember(reading, member))
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
        404: refusal('No such member, or no repository of the id in a scope'),
      },
    },
    async handle(request, context) {
      const { member, name, scopes, expiresInDays, cidr } = await bodyOf(request, newToken)
      const wanted: TokenRequest = {
        name,
        scopes: parseScopes(scopes),
        ...(expiresInDays === undefined ? {} : { expiresInDays }),
        ...(cidr === undefined ? {} : { cidr }),
      }
      if (member === undefined) {
        if (context.principal.kind === 'operator') throw invalid('Say whose token it is: member', { detail: { field: 'member' } })
        return issuedReply(await context.tokens.issue(wanted))
      }
      const managing = await context.widen('members.manage')
      return issuedReply(await managing.administration.issueToken((await memberOf(managing.directory, member)).id, wanted))
    },
  }),
  organizationRoute({
    method: 'DELETE',
    path: '/v1/tokens/{token}',
    permission: 'tokens.issue',
    describe: {
      summary: 'Revoke a token, by its id: dead at the next request. The operator need not say whose it is',
      query: whose,
      answers: { 204: { description: 'Revoked' }, 404: refusal('No such token') },
    },
    async handle(request, context) {
      const { member } = queryOf(request, whose)
      const { token } = request.params
      if (member === undefined && context.principal.kind !== 'operator') await context.tokens.revoke(token)
      else {
        const { administration, directory } = await context.widen('members.manage')
        const owner = member === undefined ? administration.findTokenOwner(token) : memberOf(directory, member)
        await administration.revokeToken((await owner).id, token)
      }
      return empty(204)
    },
  }),
]

interface Owned {
  readonly member: string
  readonly token: TokenRecord
}
const shape = ({ member, token }: Owned) => shapeToken(token, member)
const idOf = ({ token }: Owned) => token.id

async function* owned(member: string, tokens: AsyncIterable<TokenRecord>): AsyncIterable<Owned> {
  for await (const token of tokens) yield { member, token }
}

function own({ organization, principal, tokens }: OrganizationContext): Listed<Owned> {
  const name = 'name' in principal ? principal.name : ''
  return {
    place: `${organization.id} tokens`,
    list: ({ after }) => behind(owned(name, tokens.list()), idOf, after),
    keyOf: idOf,
    shape,
  }
}

async function ofMember({ organization, directory, administration }: OrganizationContext, login: string): Promise<Listed<Owned>> {
  const { id, name } = await memberOf(directory, login)
  return {
    place: `${organization.id} tokens of ${id}`,
    list: ({ after }) => behind(owned(name, administration.listTokens(id)), idOf, after),
    keyOf: idOf,
    shape,
  }
}

/** By member, then by id; a colon stands in neither. */
function everybodys({ organization, directory, administration }: OrganizationContext): Listed<Owned> {
  return {
    place: `${organization.id} tokens of all`,
    async *list({ after }) {
      const [name = '', id] = after?.split(':') ?? []
      const last = after === undefined ? undefined : await directory.findMemberByLogin(name)
      if (last !== undefined) yield* behind(owned(last.name, administration.listTokens(last.id)), idOf, id)
      for await (const member of membersBehind(directory, after === undefined ? undefined : name)) {
        yield* behind(owned(member.name, administration.listTokens(member.id)), idOf, undefined)
      }
    },
    keyOf: ({ member, token }) => `${member}:${token.id}`,
    shape,
  }
}

function membersBehind(directory: Directory, name: string | undefined) {
  return directory.listMembers(name === undefined ? {} : { after: name })
}

function issuedReply(token: { readonly id: string; readonly token: string; readonly prefix: string; readonly expiresAt: Date }) {
  return json(201, { id: token.id, token: token.token, prefix: token.prefix, expiresAt: token.expiresAt.toISOString() })
}
