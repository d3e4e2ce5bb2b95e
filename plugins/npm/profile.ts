import { invalid, json, type ProtocolRequest, type Reply, type RepositoryContext, repositoryRoute } from '#core'
import { callerOf } from './caller.js'
import { isObject, isText } from './manifest.js'
import { worded403 } from './npm-error.js'

const bodyLimit = 64 * 1024

/** `npm profile`: who one is here, and the little of it that one changes oneself (npm dossier 11.3). */
export const profileRoutes = [
  repositoryRoute({
    method: 'GET',
    path: '/-/npm/v1/user',
    permission: 'artifacts.read',
    handle: async (_request, context) => json(200, await profileOf(context)),
  }),
  repositoryRoute({ method: 'POST', path: '/-/npm/v1/user', permission: 'artifacts.read', handle: change }),
]

async function profileOf(context: RepositoryContext) {
  const { name } = callerOf(context)
  const member = await context.own.member()
  return {
    name,
    email: member?.email ?? '',
    email_verified: member?.email !== undefined,
    fullname: member?.displayName ?? '',
    tfa: null,
    cidr_whitelist: null,
    ...(member === undefined ? {} : { created: member.createdAt.toISOString(), updated: member.changedAt.toISOString() }),
  }
}

/** npm sends the whole profile back with one thing changed: what is as it was is no change. */
async function change(request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const body = await request.json(bodyLimit)
  if (!isObject(body)) throw invalid('The profile is not a JSON object')
  const before = await profileOf(context)
  const { password, tfa, fullname, email } = body
  if (isObject(tfa) || Array.isArray(tfa)) throw worded403('Two-factor authentication is not set up by this address.')
  if (isText(email) && email !== '' && email.toLowerCase() !== before.email.toLowerCase())
    throw worded403('An e-mail address is changed by an administrator of the organization.')
  if (password !== undefined && password !== null) {
    const { old: current, new: wanted } = isObject(password) ? password : {}
    if (!isText(current) || !isText(wanted)) throw invalid('A password is changed with the old and the new one')
    await context.own.setPassword(current, wanted)
  }
  if (isText(fullname) && fullname !== before.fullname) {
    const { principal } = context
    if (principal.kind === 'member' && principal.by === 'token')
      throw worded403('A token changes nothing of its owner: use name and password (_auth) for this.')
    await context.own.setDisplayName(fullname === '' ? null : fullname)
  }
  return json(200, await profileOf(context))
}
