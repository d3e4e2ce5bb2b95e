import { forbidden } from '../errors/registry-error.js'
import type { HouseRequest } from './house-request.js'

const harmless = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND'])

/** Basic credentials and cookies are ambient in browsers, so a page of somebody else could write with them: a write that says it comes from another
 *  site is refused. Build tools say nothing of the kind (identity dossier, 6). Throws `forbidden`. */
export function refuseCrossSite(request: HouseRequest, origin: string): void {
  if (harmless.has(request.method)) return
  const site = request.header('sec-fetch-site')
  const claimed = request.header('origin')
  const foreign = claimed !== undefined && claimed.toLowerCase() !== origin.toLowerCase()
  if (foreign || site === 'cross-site' || site === 'same-site') {
    throw forbidden('Requests from pages of another site are refused', { detail: { code: 'cross-site' } })
  }
}
