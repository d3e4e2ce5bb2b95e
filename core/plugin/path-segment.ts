import { invalid, type RegistryError } from '../errors/registry-error.js'

/** Never in a name, whatever the mount says (security guide 3.4.5): separators, controls, line and paragraph separators, bidi controls,
 *  what cannot be seen, noncharacters. */
const forbidden =
  /[/\\\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]|\p{Surrogate}|[\u{e0001}\u{e0020}-\u{e007f}]/u
const dotsOrSpacesAlone = /^[.\s]+$/u
const malformedEscape = /%(?![0-9A-Fa-f]{2})/
const remainingEscape = /%[0-9A-Fa-f]{2}/
const edgeSpace = /^\s|\s$/u

const segmentBytes = 255

/** 400, worded by us: the client's text is not repeated. */
export function badPath(reason: string): RegistryError {
  return invalid(`Malformed path: ${reason}`, { detail: { code: 'path' } })
}

/** Percent-decodes once, strictly: a stray '%', overlong forms and encoded surrogates throw `invalid`; '+' is a plus. */
export function decodeSegment(raw: string): string {
  if (!raw.includes('%')) return raw
  if (malformedEscape.test(raw)) throw badPath('a percent sign without two hexadecimal digits')
  try {
    return decodeURIComponent(raw)
  } catch {
    throw badPath('not UTF-8')
  }
}

/** Holds one decoded name in NFC against the floor that no mount can lower; answers its size in bytes of UTF-8. */
export function holdToFloor(name: string): number {
  if (forbidden.test(name)) throw badPath('a character that no name may hold')
  if (dotsOrSpacesAlone.test(name)) throw badPath('a name of dots or spaces alone')
  const bytes = Buffer.byteLength(name)
  if (bytes > segmentBytes) throw badPath(`a name of more than ${segmentBytes} bytes`)
  return bytes
}

/** What strict names refuse beside the floor (security guide 3.4.6): the reason, or undefined. `decoded` is not yet normalized. */
export function strictRefusal(decoded: string, normalized: string): string | undefined {
  if (decoded !== normalized) return 'not in Unicode normalization form C'
  if (decoded.includes(';')) return 'a semicolon'
  if (remainingEscape.test(decoded)) return 'encoded twice'
  if (edgeSpace.test(decoded)) return 'a space at the edge of a name'
  if (decoded.endsWith('.')) return 'a dot at the end of a name'
  return undefined
}

/** The one way a name goes back into an address. */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name).replace(/%(?:40|2B|2C|3D|3A|24|26)/g, decodeURIComponent)
}
