import { timingSafeEqual } from 'node:crypto'
import { owedBy } from '../auth/pending-session.js'
import type { SessionFacts } from '../auth/principal.js'
import { forbidden, unsupported } from '../errors/registry-error.js'
import type { Route } from '../plugin/route.js'
import type { HouseRequest } from './house-request.js'

const harmless = new Set(['GET', 'HEAD', 'OPTIONS'])
const freshFor = 10 * 60 * 1_000

/** A browser sends its cookie whoever asks it to: what changes something has to come from our own page and carry the token that only that page can
 *  read; then, what the session is good for yet (identity dossier 6). Throws `forbidden`, and `unsupported` for a body that is no JSON. */
export function holdSession(request: HouseRequest, session: SessionFacts, rule: Route<never>['session'] = {}, now: Date): void {
  if (!harmless.has(request.method)) {
    holdOrigin(request)
    if (!equal(request.header('x-csrf-token') ?? '', session.csrf))
      throw forbidden('X-CSRF-Token is missing, or of another session', { detail: { code: 'csrf' } })
    const type = request.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
    if (type !== undefined && type !== 'application/json')
      throw unsupported('The body has to be application/json', { detail: { code: 'content-type' } })
  }
  if (session.pending !== undefined && rule.pending !== true) throw owedBy(session.pending)
  if (rule.fresh === true && now.getTime() - session.authenticatedAt.getTime() > freshFor)
    throw forbidden('Sign in once more for this: the password was given more than ten minutes ago', {
      detail: { code: 'step-up' },
    })
}

/** A page of ours says so in `Origin`, or at least in `Referer`; who says neither is no page of ours. What they say of another site was refused before. */
function holdOrigin(request: HouseRequest): void {
  const claimed = request.header('origin') ?? originOf(request.header('referer'))
  if (claimed?.toLowerCase() === request.publicUrl.origin.toLowerCase()) return
  throw forbidden('A session is used from a page of this house: Origin is missing or another one', {
    detail: { code: 'cross-site' },
  })
}
function originOf(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined
}
function equal(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
