import { invalid, type ProtocolRequest, unsupported, type z } from '#core'

/** The body by its schema. Unknown fields are refused: a field that is ignored is a field that somebody relies on. Throws `invalid`, and `unsupported`
 *  for what does not call itself JSON, unread. */
export async function bodyOf<Schema extends z.ZodType>(
  request: ProtocolRequest<unknown>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const type = request.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw unsupported('The body has to be application/json', { detail: { code: 'content-type' } })
  return checked(schema, await request.json(), 'body')
}

/** The query by its schema; each parameter at most once. */
export function queryOf<Schema extends z.ZodType>(request: ProtocolRequest<unknown>, schema: Schema): z.output<Schema> {
  const values = new Map<string, string>()
  for (const [name, value] of request.query) {
    if (values.has(name)) throw invalid(`The parameter ${name.slice(0, 80)} stands twice`)
    values.set(name, value)
  }
  return checked(schema, Object.fromEntries(values), 'query')
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
  throw invalid(`The ${where} is not as described: ${issues.slice(0, 5).join('; ')}`, { detail: { issues: issues.slice(0, 20) } })
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the fields that were not sent: absent and undefined are not the same below. */
export function defined<T extends object>(patch: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>
}
