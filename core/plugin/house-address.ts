import { badPath, decodeSegment, holdToFloor, strictRefusal } from './path-segment.js'

/** Where a path leads before anybody is asked whether that exists. `rest` is undecoded: '/' or beginning with it. Names are decoded, and may well be
 *  no names that the house gives. */
export type HouseAddress =
  | { readonly kind: 'repository'; readonly organization: string; readonly repository: string; readonly rest: string }
  | { readonly kind: 'organization'; readonly organization: string; readonly plugin: string; readonly rest: string }
  /** `/-/{plugin}/…`: an instance mount, or else an origin mount's. */
  | { readonly kind: 'instance'; readonly plugin: string; readonly rest: string }
  /** `/_…`: an origin mount's, or nobody's. */
  | { readonly kind: 'origin' }
  | { readonly kind: 'nowhere' }

/** The first segments of a path on the house's own host name. Throws `invalid`. */
export function parseHouse(path: string): HouseAddress {
  const first = cut(path)
  if (first.name === undefined) return { kind: 'nowhere' }
  if (first.name.startsWith('_')) return { kind: 'origin' }
  const second = cut(first.rest)
  if (second.name === undefined) return { kind: 'nowhere' }
  if (first.name === '-') return { kind: 'instance', plugin: second.name, rest: second.rest }
  if (second.name !== '-') {
    return { kind: 'repository', organization: first.name, repository: second.name, rest: second.rest }
  }
  const third = cut(second.rest)
  if (third.name === undefined) return { kind: 'nowhere' }
  return { kind: 'organization', organization: first.name, plugin: third.name, rest: third.rest }
}

/** The next segment, which may not be empty unless nothing follows, and what comes after it. */
function cut(path: string): { readonly name: string | undefined; readonly rest: string } {
  const end = path.indexOf('/', 1)
  const raw = end < 0 ? path.slice(1) : path.slice(1, end)
  const rest = end < 0 ? '/' : path.slice(end)
  if (raw === '') {
    if (end >= 0) throw badPath('an empty segment')
    return { name: undefined, rest }
  }
  const decoded = decodeSegment(raw)
  const name = decoded.normalize('NFC')
  holdToFloor(name)
  const refusal = strictRefusal(decoded, name)
  if (refusal !== undefined) throw badPath(refusal)
  return { name, rest }
}
