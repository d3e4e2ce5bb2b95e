import {
  invalid,
  json,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  repositoryRoute,
  type Scope,
  unauthenticated,
} from '#core'
import { callerOf, highestLevel, may } from './caller.js'
import { isObject, isText } from './manifest.js'
import { worded403, worded404 } from './npm-error.js'

const bodyLimit = 64 * 1024
/** Who is asking, and how npm comes by a token and gives it back (npm dossier 11, 14). */
export const sessionRoutes = [
  repositoryRoute({
    method: 'GET',
    path: '/',
    permission: 'artifacts.read',
    handle: async (_request, { repository }) => json(200, { name: repository.name, format: 'npm' }),
  }),
  repositoryRoute({ method: 'GET', path: '/-/ping', permission: 'artifacts.read', handle: async () => json(200, {}) }),
  repositoryRoute({
    method: 'GET',
    path: '/-/whoami',
    permission: 'artifacts.read',
    handle: async (_request, context) => json(200, { username: callerOf(context).name }),
  }),
  // The credentials are in the body, and the header may hold a token that has long expired.
  ...(['', '/-rev/{rev}'] as const).map((after) =>
    repositoryRoute<string>({
      method: 'PUT',
      path: `/-/user/org.couchdb.user:{name}${after}`,
      permission: 'none',
      handle: login,
    }),
  ),
  repositoryRoute({
    method: 'DELETE',
    path: '/-/user/token/{token}',
    permission: 'artifacts.read',
    async handle({ params }, context) {
      await context.tokens.revokeToken(params.token)
      return json(200, { ok: true })
    },
  }),
  repositoryRoute({
    method: 'GET',
    path: '/-/user/org.couchdb.user:{name}',
    permission: 'artifacts.read',
    async handle({ params: { name } }, context) {
      const member = await lookUp(name, context)
      if (member === undefined) throw worded404('user', name)
      return json(200, { _id: `org.couchdb.user:${member.name}`, name: member.name, email: member.email ?? '' })
    },
  }),
]

async function login(request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const body = await request.json(bodyLimit)
  const { name, password } = isObject(body) ? body : {}
  if (!isText(name) || !isText(password)) throw invalid('the body has a name and a password')
  if (name !== request.params['name']) throw invalid('the name of the body is not the name of the address')
  const member = await context.signIn(name, password, request.header('npm-otp'))
  const level = await highestLevel(member)
  // Who may not read here learns no more than a stranger does.
  if (level === undefined) throw unauthenticated()
  const desk = (await member.widen('tokens.issue')).tokens
  const scopes: readonly Scope[] = [{ kind: 'repository', repository: context.repository.id, level }]
  const { token } = await desk.issue({ name: 'npm login', scopes })
  return json(
    201,
    { ok: true, id: `org.couchdb.user:${name}`, rev: '_we_dont_use_revs_any_more', token },
    { 'cache-control': 'no-store' },
  )
}

/** `npm owner` asks who somebody is. Everybody may ask about oneself. */
async function lookUp(
  name: string,
  context: RepositoryContext,
): Promise<{ readonly name: string; readonly email?: string } | undefined> {
  if (await may(context, 'members.read')) return (await context.widen('members.read')).directory.findMemberByLogin(name)
  const { principal } = context
  if ((principal.kind === 'member' || principal.kind === 'service') && principal.name === name) return { name }
  throw worded403('You do not have permission to look up members. A token never has: it takes name and password (_auth).')
}
