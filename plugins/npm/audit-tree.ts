import { invalid } from '#core'

/** Packages, and nodes of a tree of dependencies, that one audit may name. */
const limits = { packages: 50_000, nodes: 200_000 } as const

/** Where a version stands in the tree, and whether it is there for development alone. */
export interface Installed {
  readonly version: string
  readonly path: string
  readonly dev: boolean
  readonly optional: boolean
}

/** Names and versions, as the bulk form has them: {"foo": ["1.0.0"]}. Throws `invalid`. */
export function installedIn(body: { readonly [name: string]: unknown }): Map<string, Installed[]> {
  const installed = new Map<string, Installed[]>()
  let count = 0
  for (const [name, versions] of Object.entries(body)) {
    if (!Array.isArray(versions)) throw invalid('An audit names packages, each with a list of versions')
    count += versions.length
    if (count > limits.packages) throw invalid(`An audit has at most ${limits.packages} versions`)
    if (!isName(name)) continue
    installed.set(
      name,
      versions.filter(isText).map((version) => ({ version, path: name, dev: false, optional: false })),
    )
  }
  return installed
}

/** The same of a tree as lock files have it: `dependencies`, nested. Throws `invalid`. */
export function installedUnder(root: { readonly [key: string]: unknown }): Map<string, Installed[]> {
  const installed = new Map<string, Installed[]>()
  const open = [{ node: root, path: '' }]
  let nodes = 0
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { dependencies } = place.node
    if (!isNode(dependencies)) continue
    for (const [name, node] of Object.entries(dependencies)) {
      nodes += 1
      if (nodes > limits.nodes) throw invalid(`An audit has at most ${limits.nodes} dependencies`)
      if (!isNode(node)) continue
      const path = place.path === '' ? name : `${place.path}>${name}`
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

function isName(name: string): boolean {
  return name !== '' && name.length <= 214 && !/[\x00-\x20\x7f]/.test(name)
}
function isText(value: unknown): value is string {
  return typeof value === 'string'
}
function isNode(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
