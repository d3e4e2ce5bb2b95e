import { invalid, json, type ProtocolRequest, type Reply, z } from '#core'
import { queryOf } from './body.js'

/** `?limit=` up to 1,000, default 100; `?cursor=` is what `next` said. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().max(1_000).optional(),
})

export const pageOf = (item: z.ZodType) => z.strictObject({ items: z.array(item), next: z.string().nullable() })

/** One page of a list; `after` is the name the list goes on behind. */
export async function page<Item>(
  request: ProtocolRequest<unknown>,
  list: (query: { readonly after?: string; readonly limit: number }) => AsyncIterable<Item>,
  keyOf: (item: Item) => string,
  shape: (item: Item) => unknown,
): Promise<Reply> {
  const { limit, cursor } = queryOf(request, pageQuery)
  const after = cursor === undefined ? undefined : decode(cursor)
  const items: Item[] = []
  let more = false
  for await (const item of list({ limit: limit + 1, ...(after === undefined ? {} : { after }) })) {
    if (items.length === limit) {
      more = true
      break
    }
    items.push(item)
  }
  const last = items.at(-1)
  return json(200, { items: items.map(shape), next: more && last !== undefined ? encode(keyOf(last)) : null })
}

/** For lists that are small by nature: whole, in the order given, cut here. */
export async function* behind<Item>(
  all: AsyncIterable<Item>,
  keyOf: (item: Item) => string,
  after?: string,
): AsyncIterable<Item> {
  let passed = after === undefined
  for await (const item of all) {
    if (passed) yield item
    else if (keyOf(item) === after) passed = true
  }
}

function encode(key: string): string {
  return Buffer.from(key).toString('base64url')
}

function decode(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url')
  if (key.length === 0 || key.toString('base64url') !== cursor || key.includes(0)) throw invalid('The cursor is none of ours')
  return key.toString('utf8')
}
