import { z } from '#core'

export type JsonSchema = Readonly<Record<string, unknown>>

/** JSON Schema 2020-12 of what a route takes and answers. A schema with an id of its own becomes a component, and everybody refers to it. */
export class ComponentSchemas {
  readonly #components = new Map<string, JsonSchema>()

  /** 'input': as it is sent, before defaults; 'output': as it is answered. */
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema: _, $defs, ...own } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Record<string, unknown>
    for (const [id, definition] of Object.entries(($defs ?? {}) as Readonly<Record<string, JsonSchema>>)) {
      const component = referring(definition) as Record<string, unknown>
      delete component['id']
      const before = this.#components.get(id)
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(component))
        throw new Error(`two schemas are called ${id}`)
      this.#components.set(id, component)
    }
    return referring(own) as JsonSchema
  }

  /** By name. */
  all(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** With references that lead to the components of the document. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : referring(inner),
    ]),
  )
}
