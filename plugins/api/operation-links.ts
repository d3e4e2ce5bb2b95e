type Json = Readonly<Record<string, unknown>>
export interface Linked {
  readonly operationId: string
  readonly responses: Readonly<Record<string, Json>>
}
type Paths = Readonly<Record<string, Readonly<Record<string, Linked>>>>

/** OpenAPI links from what makes a thing to all that is done with it: `/{org}/…/groups` to `/{org}/…/groups/{group}` and to what lies below. */
export function linkOperations(paths: Paths, keyOf: (response: Json) => string | undefined): Paths {
  return Object.fromEntries(
    Object.entries(paths).map(([path, { post, ...others }]) => {
      const key = post?.responses['201'] === undefined ? undefined : keyOf(post.responses['201'])
      if (post === undefined || key === undefined) return [path, post === undefined ? others : { ...others, post }]
      const links = linksBelow(paths, path, key)
      const created = { ...post.responses['201'], links }
      return [path, { ...others, post: { ...post, responses: { ...post.responses, 201: created } } }]
    }),
  )
}

function linksBelow(paths: Paths, collection: string, key: string): Json {
  const links: Record<string, Json> = {}
  for (const [path, methods] of Object.entries(paths)) {
    const placed = new RegExp(`^${escaped(collection)}/\\{(\\w+)\\}(?:/[^{}]+)*$`).exec(path)?.[1]
    if (placed === undefined) continue
    const given = [...collection.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, `$request.path.${name}`])
    // What lies below and is made by a PUT of its own is not there yet.
    const later = path.endsWith('}') ? undefined : methods['put'] && methods['get']
    for (const operation of Object.values(methods)) {
      if (operation === later) continue
      const { operationId } = operation
      links[operationId] = { operationId, parameters: { ...Object.fromEntries(given), [placed]: `$response.body#/${key}` } }
    }
  }
  return links
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
