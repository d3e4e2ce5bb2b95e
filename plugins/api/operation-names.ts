interface Addressed {
  readonly scope: string
  readonly method: string
  readonly path: string
  /** Answered page by page. */
  readonly paged: boolean
}

const verbs: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'set', PATCH: 'update', DELETE: 'delete' }

/** The operation's name in generated clients, made from its address: GET /v1/groups/{group}/members is listGroupMembers. What an address names one of is
 *  called in the singular. Those of the instance say so. */
export function operationName({ scope, method, path, paged }: Addressed): string {
  const segments = path.split('/').slice(2)
  const placed = segments.filter((segment) => segment.startsWith('{')).map((segment) => segment.replace(/[{}+]/g, ''))
  const told = new Set(['repository', ...segments.map(singular)])
  const words = segments.map((segment, at) => {
    if (segment.startsWith('{')) return placed.find((name) => segment.includes(name) && !told.has(name)) ?? ''
    return placed.includes(singular(segment)) || (at === segments.length - 1 && method !== 'GET') ? singular(segment) : segment
  })
  const verb = paged ? 'list' : (verbs[method] ?? method.toLowerCase())
  return [scope === 'instance' ? 'instance' : '', verb, ...words]
    .filter((word) => word !== '')
    .flatMap((word) => word.split(/[^A-Za-z0-9]+/))
    .map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('')
}

function singular(word: string): string {
  return word.replace(/ies$/, 'y').replace(/(?<![isu])s$/, '')
}

/** The first word of its address: all that concerns one kind of thing stands together. */
export function tagOf(path: string): string {
  return path.split('/')[2]?.replace(/\..*$/, '') ?? ''
}
