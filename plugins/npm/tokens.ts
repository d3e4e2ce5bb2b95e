import {
  empty,
  invalid,
  type Json,
  json,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  repositoryRoute,
  type TokenRecord,
  unauthenticated,
} from '#core'
import { callerOf, highestLevel } from './caller.js'
import { isObject, isText } from './manifest.js'
import { worded403 } from './npm-error.js'
import { numberIn } from './query-number.js'

const bodyLimit = 64 * 1024
/** npm shows the first six characters of a key, and finds a token by them: what all ids begin with is no part of it. */
const idPrefix = 'tok_'
const pages = { perPage: 10, most: 100 } as const

/** `npm token`: the caller's own tokens. Whoever signed in by name and password sees all of them; a token sees and revokes itself (npm dossier 11.3). */
export const tokenRoutes = [
  repositoryRoute({ method: 'GET', path: '/-/npm/v1/tokens', permission: 'artifacts.read', handle: list }),
  repositoryRoute({ method: 'POST', path: '/-/npm/v1/tokens', permission: 'artifacts.read', handle: create }),
  repositoryRoute({
    method: 'DELETE',
    path: '/-/npm/v1/tokens/token/{token}',
    permission: 'artifacts.read',
    // npm sends the token itself where it was given that, else the id that the list calls its key.
    async handle({ params: { token } }, { tokens }) {
      await (token.startsWith('crt_') ? tokens.revokeToken(token) : tokens.revoke(`${idPrefix}${token}`))
      return empty(204)
    },
  }),
]

async function list({ query }: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  callerOf(context)
  const page = numberIn(query, 'page', 0, 1_000_000)
  const perPage = Math.max(1, numberIn(query, 'perPage', pages.perPage, pages.most))
  const self = await context.tokens.self()
  const all: TokenRecord[] = self === undefined ? [] : [self]
  if (self === undefined) for await (const record of context.tokens.list()) all.push(record)
  const address = (at: number) => `${context.mountUrl.href}-/npm/v1/tokens?page=${at}&perPage=${perPage}`
  const last = (page + 1) * perPage >= all.length
  return json(
    200,
    {
      objects: all.slice(page * perPage, (page + 1) * perPage).map(objectOf),
      total: all.length,
      urls: { ...(page === 0 ? {} : { prev: address(page - 1) }), ...(last ? {} : { next: address(page + 1) }) },
    },
    { 'cache-control': 'no-store' },
  )
}

/** The password in the body signs in: a token never makes a token. */
async function create(request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const body = await request.json(bodyLimit)
  if (!isObject(body)) throw invalid('The token is not described by a JSON object')
  const { password, name } = body
  if (!isText(password)) throw invalid('A token is made with the password of its owner')
  const { cidr, reads, days } = wishesIn(body)
  const member = await context.signIn(callerOf(context).name, password, request.header('npm-otp'))
  const highest = await highestLevel(member)
  if (highest === undefined) throw unauthenticated()
  const level = reads ? 'read' : highest
  const desk = (await member.widen('tokens.issue')).tokens
  const issued = await desk.issue({
    name: isText(name) && name !== '' ? name : 'npm token',
    scopes: [{ kind: 'repository', repository: context.repository.id, level }],
    ...(days === undefined ? {} : { expiresInDays: days }),
    ...(cidr.length === 0 ? {} : { cidr }),
  })
  for await (const record of desk.list())
    if (record.id === issued.id)
      return json(
        200,
        { ...objectOf(record), token: issued.token, cidr_whitelist: cidr.length === 0 ? null : cidr },
        { 'cache-control': 'no-store' },
      )
  throw new Error('a token that was just issued is gone')
}

/** npm up to 10 sends `readonly`, later ones name permissions. What cannot be granted so finely is refused, not widened. */
function wishesIn(body: { readonly [field: string]: Json }) {
  const { readonly: readOnly, packages_and_scopes_permission: permission, expires, cidr_whitelist: cidr } = body
  for (const field of ['packages', 'scopes', 'orgs'])
    if (Array.isArray(body[field]) && body[field].length > 0)
      throw worded403(`A token is for this repository as a whole: leave out ${field}.`)
  if (isText(body['orgs_permission']) && body['orgs_permission'] !== 'no-access')
    throw worded403('A token of this address does not reach the organization.')
  if (isText(permission) && !['read-only', 'read-write'].includes(permission))
    throw worded403(`A token cannot have the permission ${permission.slice(0, 40)} here.`)
  if (expires !== undefined && expires !== null && (!Number.isInteger(expires) || Number(expires) < 1 || Number(expires) > 365))
    throw invalid('A token expires after 1 to 365 days')
  return {
    reads: readOnly === true || permission === 'read-only',
    days: typeof expires === 'number' ? expires : undefined,
    cidr: (Array.isArray(cidr) ? (cidr as readonly Json[]) : []).filter(isText),
  }
}

function objectOf({ id, name, prefix, scopes, createdAt, expiresAt }: TokenRecord) {
  const writes = scopes.some((scope) => scope.kind === 'repository' && scope.level !== 'read')
  return {
    key: id.replace(idPrefix, ''),
    // A true beginning of the secret: npm finds by it which token a secret is.
    token: prefix,
    name,
    created: createdAt.toISOString(),
    updated: createdAt.toISOString(),
    expires: expiresAt.toISOString(),
    readonly: !writes,
    cidr_whitelist: null,
  }
}
