/** The part of an SDK's client that is needed to look at the answers before they are read. */
interface Watched {
  readonly middlewareStack: {
    // biome-ignore lint/suspicious/noExplicitAny: the stacks of two clients have types of their own
    addRelativeTo(middleware: any, options: any): void
  }
}

/** Notes the Date header of each answer, refusals included; the answer is milliseconds since 1970. */
export function watchServerTime(client: Watched): () => number | undefined {
  let time: number | undefined
  const look =
    (next: (input: unknown) => Promise<{ response?: { headers?: Record<string, string> } }>) => async (input: unknown) => {
      const result = await next(input)
      const date = Date.parse(result.response?.headers?.['date'] ?? '')
      if (!Number.isNaN(date)) time = date
      return result
    }
  // Inside of what turns an answer into a result or an error.
  client.middlewareStack.addRelativeTo(look, { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'serverTime' })
  return () => time
}
