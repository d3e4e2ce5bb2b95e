import type { ProtocolRequest, RepositoryContext } from '#core'
import type { PackageHandler } from './package-routes.js'

/** npm asks its user for a code when the answer wants one, and sends it with the same request again (npm dossier 11.4). */
export function confirmWrite(request: ProtocolRequest<unknown>, context: RepositoryContext): Promise<void> {
  return context.confirmWrite(request.header('npm-otp'))
}

/** The same before a handler whose every request changes what others install. */
export function confirmed(handle: PackageHandler): PackageHandler {
  return async (pkg, request, context) => {
    await confirmWrite(request, context)
    return handle(pkg, request, context)
  }
}
