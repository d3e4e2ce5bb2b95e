import {
  type Method,
  type Permission,
  type ProtocolRequest,
  type Reply,
  type RepositoryContext,
  type Route,
  repositoryRoute,
} from '#core'
import { checkName } from './package-name.js'

export type PackageHandler = (pkg: string, request: ProtocolRequest, context: RepositoryContext) => Promise<Reply>

/** One address of a package as the two routes it is: unscoped and scoped. `before` and `after` stand around the name. `lesser`: see `Route`. */
export function packageRoutes(
  method: Method,
  [before, after]: readonly [before: string, after: string],
  permission: Permission,
  handle: PackageHandler,
  lesser?: Permission,
): readonly Route<RepositoryContext>[] {
  return ['/{name}', '/@{scope}/{name}'].map((name) =>
    repositoryRoute<string>({
      method,
      path: `${before}${name}${after}`,
      permission,
      ...(lesser === undefined ? {} : { lesser }),
      handle: (request, context) => handle(packageOf(request.params), request, context),
    }),
  )
}

function packageOf({ scope, name }: Readonly<Record<string, string>>): string {
  return checkName(scope === undefined ? (name ?? '') : `@${scope}/${name}`)
}
