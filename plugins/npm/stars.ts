import { type DocumentReader, forbidden, invalid, json, type Reply, type RepositoryContext, repositoryRoute } from '#core'
import { changePackage, presentPackage } from './package-changes.js'
import { documentKeys, findPackage, revisionOf, type StarDocument } from './package-documents.js'

/** What somebody has starred, by name: as npm asks for it, the name in JSON, and as pnpm does. */
export const starRoutes = [
  repositoryRoute({
    method: 'GET',
    path: '/-/_view/starredByUser',
    permission: 'artifacts.read',
    async handle({ query }, context) {
      const starred = await starredBy(nameIn(query), context)
      return json(200, { rows: starred.map((value) => ({ value })) })
    },
  }),
  repositoryRoute({
    method: 'GET',
    path: '/-/user/{name}/stars',
    permission: 'artifacts.read',
    async handle({ params: { name } }, context) {
      const starred = await starredBy(name, context)
      return json(200, Object.fromEntries(starred.map((pkg) => [pkg, true])))
    },
  }),
]

async function starredBy(name: string, context: RepositoryContext): Promise<string[]> {
  const starred: string[] = []
  for await (const { key } of context.documents.list(documentKeys.starred(name))) {
    const [, , id = '', pkg = ''] = key
    if (await hasStar(pkg, id, context)) starred.push(pkg)
  }
  return starred
}

/** Does the caller want another star than it has given? `stars`: the names of a body. Nobody's star but the caller's is looked at. */
export async function starChange(
  pkg: string,
  stars: ReadonlySet<string>,
  context: RepositoryContext,
): Promise<boolean | undefined> {
  const caller = callerOf(context)
  if (caller === undefined) return undefined
  const wanted = stars.has(caller.name)
  return wanted === (await hasStar(pkg, caller.id, context)) ? undefined : wanted
}

/** Sets or clears the caller's star, for which reading is enough (npm dossier 10). */
export async function star(pkg: string, wanted: boolean, context: RepositoryContext): Promise<Reply> {
  const caller = callerOf(context)
  if (caller === undefined) throw forbidden('Only members give stars', { detail: { worded: true } })
  const { documents } = context
  const sequence = await changePackage(pkg, context, async () => {
    const { head, document } = await presentPackage(pkg, context)
    const { generation } = document
    const before = (await documents.find(documentKeys.star(pkg, caller.id)))?.value as StarDocument | undefined
    if (wanted === (before?.generation === generation)) return head.sequence
    const changes = context.changeOwn().requireHead(pkg, head.sequence)
    // The name may have been another one then.
    if (before !== undefined && (before.name !== caller.name || !wanted))
      changes.deleteDocument(documentKeys.starredBy(before.name, caller.id, pkg))
    if (wanted) {
      changes.putDocument(documentKeys.star(pkg, caller.id), { v: 1, generation, name: caller.name })
      changes.putDocument(documentKeys.starredBy(caller.name, caller.id, pkg), { v: 1 })
    } else changes.deleteDocument(documentKeys.star(pkg, caller.id))
    return (await changes.commit()).heads.get(pkg) ?? head.sequence
  })
  return json(201, { ok: true, id: pkg, rev: revisionOf(pkg, sequence) })
}

/** Names of those who have starred a package, as packuments list them. */
export async function starsOf(pkg: string, generation: number, documents: DocumentReader): Promise<string[]> {
  const names = new Set<string>()
  for await (const { value } of documents.list(documentKeys.stars(pkg))) {
    const given = value as StarDocument
    if (given.generation === generation) names.add(given.name)
  }
  return [...names].sort()
}

async function hasStar(pkg: string, id: string, { documents }: RepositoryContext): Promise<boolean> {
  const [given, owner] = await Promise.all([documents.find(documentKeys.star(pkg, id)), findPackage(pkg, documents)])
  return given !== undefined && owner !== undefined && (given.value as StarDocument).generation === owner.generation
}

function callerOf({ principal }: RepositoryContext) {
  return principal.kind === 'member' || principal.kind === 'service' ? principal : undefined
}

function nameIn(query: URLSearchParams): string {
  let name: unknown
  try {
    name = JSON.parse(query.get('key') ?? '')
  } catch (cause) {
    throw invalid('key is not JSON', { cause })
  }
  if (typeof name !== 'string' || name === '' || name.length > 255) throw invalid('key is a name, as a JSON string')
  return name
}
