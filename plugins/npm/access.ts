import { invalid, json, type RepositoryContext, repositoryRoute } from '#core'
import { callerOf, may } from './caller.js'
import { isObject } from './manifest.js'
import { noSuchPackage, worded403 } from './npm-error.js'
import { findPackage } from './package-documents.js'
import { packageRoutes } from './package-routes.js'

const bodyLimit = 64 * 1024
type Level = 'read' | 'write'

/** `npm access`: who may do what. Rights are of repositories: every package of one has the same (npm dossier 13). */
export const accessRoutes = [
  ...packageRoutes('GET', ['/-/package', '/visibility'], 'artifacts.read', async (pkg, _request, context) => {
    await requirePackage(pkg, context)
    return json(200, { public: isPublic(context) })
  }),
  ...packageRoutes('GET', ['/-/package', '/collaborators'], 'artifacts.read', async (pkg, _request, context) => {
    await requirePackage(pkg, context)
    callerOf(context)
    const levels: [string, Level][] = []
    for await (const { name, writes } of context.collaborators()) levels.push([name, writes ? 'write' : 'read'])
    return json(200, Object.fromEntries(levels))
  }),
  // As pnpm 11 and 12 ask for the same.
  ...packageRoutes('GET', ['/-/package', '/access'], 'artifacts.read', async (pkg, _request, context) => {
    await requirePackage(pkg, context)
    return json(200, { access: isPublic(context) ? 'public' : 'restricted' })
  }),
  ...packageRoutes('POST', ['/-/package', '/access'], 'artifacts.write', async (pkg, request, context) => {
    await requirePackage(pkg, context)
    const body = await request.json(bodyLimit)
    if (!isObject(body)) throw invalid('What shall change is not a JSON object')
    const { access, publish_requires_tfa: asksForCode } = body
    if (access !== undefined && (access === 'public') !== isPublic(context))
      throw worded403('Visibility is set for the repository as a whole: cloudrepo repository update ORG REPO --public')
    if (asksForCode === true) throw worded403('One-time codes are asked of members, not for packages.')
    return json(200, {})
  }),
  // One's own packages, and those of the organization: npm asks for the second first.
  ...(['/-/org/{owner}/package', '/-/user/{owner}/package'] as const).map((path) =>
    repositoryRoute({
      method: 'GET',
      path,
      permission: 'artifacts.read',
      async handle({ params: { owner } }, context) {
        const own = path.startsWith('/-/org') ? context.organization.name : callerOf(context).name
        if (owner !== own) throw noSuchPackage(owner)
        return json(200, await packagesOf(context))
      },
    }),
  ),
]

/** As many as a list that is answered whole can bear. */
const listed = 10_000
async function packagesOf(context: RepositoryContext): Promise<Record<string, Level>> {
  const level: Level = (await may(context, 'artifacts.write')) ? 'write' : 'read'
  const names: [string, Level][] = []
  for await (const { name } of context.packages()) {
    names.push([name, level])
    if (names.length === listed) break
  }
  return Object.fromEntries(names)
}

async function requirePackage(pkg: string, { documents }: RepositoryContext): Promise<void> {
  if ((await findPackage(pkg, documents)) === undefined) throw noSuchPackage(pkg)
}
function isPublic({ repository, organization }: RepositoryContext): boolean {
  return repository.public && organization.publicAllowed
}
