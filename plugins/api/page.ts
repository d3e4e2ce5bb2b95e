import { invalid, json, type Reply, z } from '#core'
import { answer } from './answers.js'

const limit = z
  .preprocess(
    (text) => (typeof text === 'string' && /^\d{1,4}$/.test(text) ? Number(text) : text),
    z.number().int().min(1).max(1_000),
  )
  .default(100)
  .meta({ description: 'How many at most; 100 where it is not said', examples: [10] })
const cursor = z.string().max(1_000).optional().meta({ description: 'What `next` said of the page before' })
/** `?limit=` up to 1,000, default 100; `?cursor=` is what `next` said. */
export const pageQuery = z.strictObject({ limit, cursor })

const next = z.string().nullable().meta({ description: 'The cursor of the page that follows; null on the last one' })
/** The answer of a list, a page of it. */
export const pageOf = (item: z.ZodType) => answer('One page', z.strictObject({ items: z.array(item), next }))

export interface Listed<Item> {
  /** What is listed, of which organization: a cursor is good there alone. */
  readonly place: string
  /** In the order of keys, from behind `after`. */
  readonly list: (query: {
    readonly after?: string
    readonly limit: number
  }) => AsyncIterable<Item> | Promise<AsyncIterable<Item>>
  /** Outlives the item: a list goes on behind a name that is gone meanwhile. */
  readonly keyOf: (item: Item) => string
  readonly shape: (item: Item) => unknown
}

/** One page of a list. */
export async function page<Item>(
  { limit, cursor }: z.output<typeof pageQuery>,
  { place, list, keyOf, shape }: Listed<Item>,
): Promise<Reply> {
  const after = takeCursor(place, cursor)
  const items: Item[] = []
  let more = false
  for await (const item of await list({ limit: limit + 1, ...(after === undefined ? {} : { after }) })) {
    if (items.length === limit) {
      more = true
      break
    }
    items.push(item)
  }
  const last = items.at(-1)
  return json(200, { items: items.map(shape), next: more && last !== undefined ? sayCursor(place, keyOf(last)) : null })
}

/** For lists that are small by nature: read whole, put in the order of their keys, cut here. */
export async function* behind<Item>(
  all: AsyncIterable<Item>,
  keyOf: (item: Item) => string,
  after: string | undefined,
): AsyncIterable<Item> {
  const items: { readonly key: string; readonly item: Item }[] = []
  for await (const item of all) {
    const key = keyOf(item)
    if (after === undefined || key > after) items.push({ key, item })
  }
  items.sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const { item } of items) yield item
}

/** Where a list goes on, for `next`. `place`: what is listed, of which organization. */
export function sayCursor(place: string, key: string): string {
  return Buffer.from(`${place}\0${key}`).toString('base64url')
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The key that `next` was made of. Throws `invalid` for what no list of this place has said. */
export function takeCursor(place: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const refused = invalid('The cursor is none of this list', { detail: { field: 'cursor' } })
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.toString('base64url') !== cursor) throw refused
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw refused
  }
  const [where, key, ...more] = text.split('\0')
  if (where !== place || key === undefined || key === '' || more.length > 0) throw refused
  return key
}
