import { setImmediate as turn } from 'node:timers/promises'
import semver from 'semver'
import { invalid, tooLarge } from '#core'

/** Packages with their versions, nodes of a tree of dependencies and characters of a place in it, that one audit may name; versions of one package. */
const limits = { packages: 50_000, nodes: 50_000, path: 64 * 1024, versions: 1_000 } as const
/** Others have a turn after so many. */
const perTurn = 1_000
/** Characters of all places that one answer tells, once for each advisory; an entry counts some besides. */
const told = { characters: 16 * 1024 ** 2, entry: 100 } as const

/** Where a version stands in the tree, and whether it is there for development alone. */
export interface Installed {
  readonly version: string
  readonly path: string
  readonly dev: boolean
  readonly optional: boolean
}

/** Names and versions, as the bulk form has them: {"foo": ["1.0.0"]}. Throws `invalid`. */
export async function installedIn(body: { readonly [name: string]: unknown }): Promise<Map<string, Installed[]>> {
  const installed = new Map<string, Installed[]>()
  let count = 0
  for (const name of Object.keys(body)) {
    const versions = body[name]
    if (!Array.isArray(versions)) throw invalid('An audit names packages, each with a list of versions')
    count += Math.max(1, versions.length)
    if (count > limits.packages) throw invalid(`An audit has at most ${limits.packages} versions`)
    if (count % perTurn === 0) await turn()
    if (!isName(name)) continue
    installed.set(
      name,
      versions.filter(isText).map((version) => ({ version, path: name, dev: false, optional: false })),
    )
  }
  return installed
}

/** The same of a tree as lock files have it: `dependencies`, nested. Throws `invalid`. */
export async function installedUnder(root: { readonly [key: string]: unknown }): Promise<Map<string, Installed[]>> {
  const installed = new Map<string, Installed[]>()
  const open = [{ node: root, path: '' }]
  let nodes = 0
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { dependencies } = place.node
    if (!isNode(dependencies)) continue
    for (const name of Object.keys(dependencies)) {
      const node = dependencies[name]
      nodes += 1
      if (nodes % perTurn === 0) await turn()
      if (nodes > limits.nodes) throw invalid(`An audit has at most ${limits.nodes} dependencies`)
      if (!isNode(node)) continue
      const path = place.path === '' ? name : `${place.path}>${name}`
      if (path.length > limits.path) throw invalid('The dependencies of an audit stand too deep in one another')
      open.push({ node, path })
      const { version, dev, optional } = node
      if (!isName(name) || !isText(version)) continue
      const all = installed.get(name) ?? []
      installed.set(name, all)
      all.push({ version, path, dev: dev === true, optional: optional === true })
    }
  }
  return installed
}

/** The different versions among these, as far as they are versions. Throws `invalid`. */
export function versionsAmong(installed: readonly Installed[]): semver.SemVer[] {
  const different = new Set(installed.map(({ version }) => version))
  if (different.size > limits.versions) throw invalid(`An audit has at most ${limits.versions} versions of one package`)
  return [...different].flatMap((version) => semver.parse(version) ?? [])
}

/** Counts what an answer tells of places: an advisory about what stands everywhere in a tree is told once for each place. Throws `too-large`. */
export function placeBudget(): (installed: readonly Installed[]) => void {
  let left: number = told.characters
  return (installed) => {
    for (const { path } of installed) left -= path.length + told.entry
    if (left < 0) throw tooLarge('The audit finds more than one answer can tell: ask about fewer packages')
  }
}

function isName(name: string): boolean {
  return name !== '' && name.length <= 214 && !/[\x00-\x20\x7f]/.test(name)
}
function isText(value: unknown): value is string {
  return typeof value === 'string'
}
function isNode(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
