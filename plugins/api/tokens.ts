import {
  type Directory,
  empty,
  invalid,
  json,
  type OrganizationContext,
  parseScopes,
  type TokenRecord,
  type TokenRequest,
  z,
} from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { memberOf } from './members.js'
import { scopeShape } from './names.js'
import { behind, type Listed, page, pageOf, pageQuery } from './page.js'
import { shapeToken, tokenShape } from './shapes.js'

const newToken = z
  .strictObject({
    /** Whose it is; the caller's own where absent. */
    member: z.string().optional(),
    name: z
      .string()
      .min(1)
      .max(128)
      .meta({ examples: ['ci'] }),
    scopes: z.array(scopeShape).min(1).max(50),
    expiresInDays: z.number().int().min(1).max(365).optional(),
    cidr: z.array(z.string()).max(50).optional(),
  })
  .meta({ id: 'NewToken', examples: [{ member: 'alice', name: 'ci', scopes: ['repo:*:write'], expiresInDays: 30 }] })
const rotation = z
  .strictObject({
    /** Whose it is; found where it is not said, for the operator. */
    member: z.string().optional(),
    overlapDays: z.number().int().min(0).max(7).optional().meta({ description: 'Default 1' }),
  })
  .meta({ id: 'TokenRotation', examples: [{ overlapDays: 7 }] })
const issued = z
  .strictObject({ id: z.string(), token: z.string(), prefix: z.string(), expiresAt: z.string() })
  .meta({ id: 'IssuedToken' })
const whose = z.strictObject({
  member: z.string().optional().meta({ description: 'Login name, e-mail or id of whose token it is' }),
})
const someones = pageQuery.extend(whose.shape)

export const tokenRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/tokens',
    permission: 'organization.read',
    summary:
      'Tokens of the caller, or of the member named; of everybody, where the operator names none. No secret is ever shown again',
    query: someones,
    answers: { 200: pageOf(tokenShape), 404: refusal('No such member') },
    async handle({ query: { member, ...query } }, context) {
      if (member === undefined && context.principal.kind !== 'operator') return page(query, own(context))
      const reading = await context.widen('members.read')
      return page(query, member === undefined ? everybodys(reading) : await ofMember(reading, member))
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/tokens',
    permission: 'tokens.issue',
    session: { fresh: true },
    summary: 'Issue a token to the caller, from a session; the operator issues to members',
    body: newToken,
    answers: {
      201: answer('The only time the secret is shown', issued),
      403: refusal('A token makes no token, and nobody gives more than they have'),
      404: refusal('No such member, or no repository of the id in a scope'),
    },
    async handle({ body: { member, name, scopes, expiresInDays, cidr } }, context) {
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
  inOrganization({
    method: 'POST',
    path: '/v1/tokens/{token}/rotate',
    permission: 'tokens.issue',
    session: { fresh: true },
    summary: 'Another token of the same scopes and life; the old one goes on for some days, and no longer than it would have',
    body: rotation,
    answers: {
      201: answer('The only time the secret is shown', issued),
      403: refusal('A token makes no token'),
      404: refusal('No such token, or one that ran out'),
    },
    async handle({ params: { token }, body: { member, overlapDays = 1 } }, context) {
      if (member === undefined && context.principal.kind !== 'operator')
        return issuedReply(await context.tokens.rotate(token, overlapDays))
      const { administration, directory } = await context.widen('members.manage')
      const owner = await (member === undefined ? administration.findTokenOwner(token) : memberOf(directory, member))
      return issuedReply(await administration.rotateToken(owner.id, token, overlapDays))
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/tokens/{token}',
    permission: 'tokens.issue',
    summary: 'Revoke a token, by its id: dead at the next request. The operator need not say whose it is',
    query: whose,
    answers: { 204: answer('Revoked'), 404: refusal('No such token') },
    async handle({ params: { token }, query: { member } }, context) {
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
