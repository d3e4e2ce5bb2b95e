import { setImmediate as turn } from 'node:timers/promises'
import { type Advisory, json, type ProtocolRequest, type Reply, type RepositoryContext, repositoryRoute } from '#core'
import { affectedOf, inBulk, inFull, numberOf, vulnerableRange } from './advisory-words.js'
import { auditBody } from './audit-body.js'
import { type Installed, installedIn, installedUnder, placeBudget, versionsAmong } from './audit-tree.js'

const audit = { method: 'POST', permission: 'artifacts.read', rate: 'audit' } as const

/** Audits in the three forms that clients know, answered from what the operator loaded: no name of a package leaves the house (npm dossier 16). They
 *  only read, whatever their method. */
export const auditRoutes = [
  repositoryRoute({ ...audit, path: '/-/npm/v1/security/advisories/bulk', handle: bulk }),
  repositoryRoute({ ...audit, path: '/-/npm/v1/security/audits/quick', handle: full }),
  repositoryRoute({ ...audit, path: '/-/npm/v1/security/audits', handle: full }),
]

interface Finding {
  readonly name: string
  readonly advisory: Advisory
  /** Affected versions as npm writes them, and which of the installed ones are among them. */
  readonly range: string
  readonly installed: readonly Installed[]
}

async function bulk(request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const answer = new Map<string, unknown[]>()
  for (const { name, advisory, range } of await findings(await installedIn(await auditBody(request)), context))
    answer.set(name, [...(answer.get(name) ?? []), inBulk(advisory, range)])
  return audited(Object.fromEntries(answer), request, context)
}

async function full(request: ProtocolRequest, context: RepositoryContext): Promise<Reply> {
  const installed = await installedUnder(await auditBody(request))
  const found = await findings(installed, context)
  const vulnerabilities = { info: 0, low: 0, moderate: 0, high: 0, critical: 0 }
  for (const { advisory, installed } of found) vulnerabilities[advisory.severity] += installed.length
  const all = [...installed.values()].flat()
  const count = (is: (one: Installed) => boolean) => all.filter(is).length
  const answer = {
    actions: actionsFor(found),
    advisories: Object.fromEntries(
      found.map(({ name, advisory, range, installed }) => [numberOf(advisory), inFull(name, advisory, range, installed)]),
    ),
    muted: [],
    metadata: {
      vulnerabilities,
      dependencies: count(({ dev, optional }) => !dev && !optional),
      devDependencies: count(({ dev }) => dev),
      optionalDependencies: count(({ optional }) => optional),
      totalDependencies: all.length,
    },
  }
  return audited(answer, request, context)
}

/** What yarn 1 and npm 6 show advisories by: each has to be looked at where it stands. */
function actionsFor(found: readonly Finding[]) {
  const byModule = new Map<string, unknown[]>()
  for (const { name, advisory, installed } of found) {
    const resolves = installed.map(({ path, dev, optional }) => ({ id: numberOf(advisory), path, dev, optional, bundled: false }))
    byModule.set(name, [...(byModule.get(name) ?? []), ...resolves])
  }
  return [...byModule].map(([module, resolves]) => ({ action: 'review', module, resolves }))
}

async function findings(
  installed: ReadonlyMap<string, readonly Installed[]>,
  { advisories }: RepositoryContext,
): Promise<readonly Finding[]> {
  const found: Finding[] = []
  const count = placeBudget()
  for (const [name, all] of await advisories.find('npm', [...installed.keys()])) {
    const standing = installed.get(name) ?? []
    const versions = versionsAmong(standing)
    for (const advisory of all) {
      const range = vulnerableRange(advisory)
      const affected = affectedOf(versions, range)
      const places = affected.size === 0 ? [] : standing.filter(({ version }) => affected.has(version))
      count(places)
      if (places.length > 0) found.push({ name, advisory, range, installed: places })
      await turn()
    }
  }
  return found
}

/** Without a feed nothing is known, which is no clean bill: whoever asked for an audit is told. An installation, which audits besides, is not. */
async function audited(answer: object, request: ProtocolRequest, { advisories }: RepositoryContext): Promise<Reply> {
  const silent = request.header('npm-command') !== 'audit' || (await advisories.loaded())
  const notice = 'No advisories are loaded on this registry: this audit says nothing about your packages.'
  return json(200, answer, { 'cache-control': 'no-store', ...(silent ? {} : { 'npm-notice': notice }) })
}
