import { forbidden, json, notFound, type ProtocolRequest, type RegistryError, type RenderError, type Reply } from '#core'

/** A 404 whose words the client shall see; every other one reads 'Not found', the same for what is hidden. */
export function worded404(what: string, name: string): RegistryError {
  return notFound(what, name, { detail: { worded: true } })
}
/** A 403 in words of its own: npm prints them as they stand. */
export function worded403(message: string): RegistryError {
  return forbidden(message, { detail: { worded: true } })
}
export function noSuchPackage(pkg: string): RegistryError {
  return notFound('package', pkg)
}

/** Failures as npm reads them: `{"error": …}`. Status codes are the house's (npm dossier 3.3); a 404 of npm's is JSON too. */
export const renderNpmError: RenderError = (failure, status, request): Reply =>
  json(status, { error: wordsOf(failure, request) }, headersOf(failure))

function wordsOf(failure: RegistryError, request: ProtocolRequest): string {
  switch (failure.kind) {
    case 'unauthenticated':
      return wantsCode(failure) ? 'You must provide a one-time pass.' : failure.message
    case 'hidden':
      return 'Not found'
    case 'not-found':
      return failure.detail['worded'] === true ? failure.message : 'Not found'
    case 'forbidden':
      // Nobody's permission is missing where the format is switched off.
      return failure.detail['worded'] === true || failure.detail['code'] === 'format-disabled'
        ? failure.message
        : forbiddenWords(failure, request)
    case 'internal':
      return 'Internal error'
    default:
      return failure.message
  }
}

/** What was refused, in npm's words: it prints them as they stand. */
function forbiddenWords({ detail }: RegistryError, { method, params }: ProtocolRequest): string {
  const { scope, name } = params
  // npm unpublishes a version by a PUT, and takes a tag off by a DELETE.
  const verb = detail['permission'] === 'artifacts.delete' ? 'unpublish' : 'publish'
  if (String(detail['permission']).startsWith('members.'))
    return 'You do not have permission to do this. A token never has: it takes name and password (_auth).'
  if (name === undefined || method === 'GET' || method === 'HEAD') return 'You do not have permission to do this.'
  return `You do not have permission to ${verb} "${scope === undefined ? name : `@${scope}/${name}`}".`
}

/** The password was right, and its member has a second factor: npm asks for the code and comes again with it (npm dossier 11.4). */
function wantsCode({ kind, detail }: RegistryError): boolean {
  return kind === 'unauthenticated' && (detail['code'] === 'otp-required' || detail['code'] === 'otp-invalid')
}

function headersOf(failure: RegistryError): Record<string, string> {
  const { allow } = failure.detail
  return {
    'cache-control': 'no-store',
    ...(wantsCode(failure) ? { 'www-authenticate': 'OTP' } : {}),
    // npm shows a notice whatever it makes of the rest.
    ...(failure.detail['code'] === 'token-required' ? { 'npm-notice': failure.message } : {}),
    ...(failure.retryAfter === undefined ? {} : { 'retry-after': String(failure.retryAfter) }),
    ...(failure.kind === 'method' && Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
  }
}
