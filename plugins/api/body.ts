import { invalid, type ProtocolRequest, z } from '#core'

/** The body by its schema. Unknown fields are refused: a field that is ignored is a field that somebody relies on. Throws `invalid`. */
export async function bodyOf<Schema extends z.ZodType>(
  request: ProtocolRequest<unknown>,
  schema: Schema,
): Promise<z.output<Schema>> {
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
