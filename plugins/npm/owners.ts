import { invalid, json, type Reply, type RepositoryContext } from '#core'
import { isObject, isText } from './manifest.js'
import { worded404 } from './npm-error.js'
import { changePackage, presentPackage } from './package-changes.js'
import { documentKeys, type Person, revisionOf } from './package-documents.js'
import { packageRoutes } from './package-routes.js'
import { confirmed } from './write-code.js'

const ownersAtMost = 100
const bodyLimit = 64 * 1024

/** Owners one by one, as pnpm 11 and newer change them; npm sends the whole list (npm dossier 10). */
export const ownerRoutes = [
  ...packageRoutes('GET', ['/-/package', '/owners'], 'artifacts.read', async (pkg, _request, context) => {
    const { document } = await presentPackage(pkg, context)
    return json(
      200,
      document.maintainers.map(({ name, email = '' }) => ({ username: name, name, email })),
    )
  }),
  ...packageRoutes(
    'PUT',
    ['/-/package', '/owners'],
    'artifacts.write',
    confirmed(async (pkg, request, context) => {
      const body = await request.json(bodyLimit)
      const name = isObject(body) ? body['user'] : undefined
      if (!isText(name) || name === '' || name.length > 255) throw invalid("the body is an object with the owner's name as user")
      return changeOwners(pkg, undefined, context, (owners) =>
        owners.some((owner) => owner.name === name) ? owners : [...owners, { name }],
      )
    }),
  ),
  ...packageRoutes(
    'DELETE',
    ['/-/package', '/owners/{owner}'],
    'artifacts.write',
    confirmed((pkg, { params }, context) => {
      const { owner: name = '' } = params
      return changeOwners(pkg, undefined, context, (owners) => {
        if (!owners.some((owner) => owner.name === name)) throw worded404('owner', name)
        return owners.filter((owner) => owner.name !== name)
      })
    }),
  ),
]

/** Versions are left as they are. `rev`: the revision at which they are to be changed, else the present one. */
export async function changeOwners(
  pkg: string,
  rev: string | undefined,
  context: RepositoryContext,
  wanted: (owners: readonly Person[]) => readonly Person[],
): Promise<Reply> {
  const sequence = await changePackage(pkg, context, async () => {
    const { head, document } = await presentPackage(pkg, context, rev)
    const maintainers = wanted(document.maintainers)
    if (maintainers.length === 0) throw invalid('a package keeps at least one maintainer')
    if (maintainers.length > ownersAtMost) throw invalid(`a package has at most ${ownersAtMost} maintainers`)
    const changes = context.change().requireHead(pkg, head.sequence)
    changes.putDocument(documentKeys.package(pkg), { ...document, maintainers })
    return (await changes.commit()).heads.get(pkg) ?? head.sequence
  })
  return json(201, { ok: true, id: pkg, rev: revisionOf(pkg, sequence) })
}
