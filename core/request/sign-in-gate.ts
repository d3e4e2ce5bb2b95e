import type { RepositoryContext } from '../tenancy/repository-context.js'

/** A context of a route whose permission is 'none', and whether somebody has signed in through it. */
export interface GatedContext {
  readonly context: RepositoryContext
  readonly passed: () => boolean
}

/** Until `signIn` has succeeded, nothing that such a route answers may reach the client: it would tell a stranger that the repository exists. */
export function watchSignIn(context: RepositoryContext): GatedContext {
  let passed = false
  const watched = new Proxy(context, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      if (property !== 'signIn') return value.bind(target)
      return async (...credentials: unknown[]) => {
        const signedIn: unknown = await Reflect.apply(value, target, credentials)
        passed = true
        return signedIn
      }
    },
  })
  return { context: watched, passed: () => passed }
}
