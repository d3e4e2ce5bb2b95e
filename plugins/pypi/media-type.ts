/** The forms of a page of the simple index, as the index renders them. */
export type Flavour = 'json' | 'html-v1' | 'html'

export const mediaTypes: Readonly<Record<Flavour, string>> = {
  json: 'application/vnd.pypi.simple.v1+json',
  'html-v1': 'application/vnd.pypi.simple.v1+html',
  html: 'text/html',
}

const names: Readonly<Record<string, Flavour>> = {
  'application/vnd.pypi.simple.v1+json': 'json',
  'application/vnd.pypi.simple.latest+json': 'json',
  'application/vnd.pypi.simple.v1+html': 'html-v1',
  'application/vnd.pypi.simple.latest+html': 'html-v1',
  'text/html': 'html',
}
const offers: readonly Flavour[] = ['json', 'html-v1', 'html']

interface Range {
  /** 2: a type itself, 1: 'type/*', 0: everything. */
  readonly specificity: 0 | 1 | 2
  readonly flavours: readonly Flavour[]
  readonly quality: number
}

/** Which form answers this request (PyPI dossier 3.2): `formats` are the values of `?format=`, and decide alone where there are any.
 *  Undefined: none of the three will do, 406. */
export function selectFlavour(accept: string | undefined, formats: readonly string[] = []): Flavour | undefined {
  if (formats.length > 0) return formats.length === 1 ? flavourOfFormat(formats[0] ?? '') : undefined
  if (accept === undefined || accept.trim() === '') return 'html'
  const ranges = accept
    .split(',')
    .map(readRange)
    .filter((range) => range !== undefined)
  const candidates = offers
    .map((flavour) => ({ flavour, match: bestMatch(ranges, flavour) }))
    .filter((candidate): candidate is { flavour: Flavour; match: Range } => (candidate.match?.quality ?? 0) > 0)
  const highest = Math.max(...candidates.map(({ match }) => match.quality))
  const equals = candidates.filter(({ match }) => match.quality === highest)
  if (equals.length === 0) return undefined
  const named = equals.filter(({ match }) => match.specificity > 0)
  if (named.length > 0) return named[0]?.flavour
  // whoever takes anything at all is no client of JSON: scripts and old tools match the HTML
  return candidates.some(({ flavour }) => flavour === 'html') ? 'html' : equals[0]?.flavour
}

/** `+` in a query string decodes to a space, and people type the address by hand. */
function flavourOfFormat(format: string): Flavour | undefined {
  const name = format.replaceAll(' ', '+')
  return Object.hasOwn(names, name) ? names[name] : undefined
}

function bestMatch(ranges: readonly Range[], flavour: Flavour): Range | undefined {
  return ranges
    .filter((range) => range.flavours.includes(flavour))
    .reduce<Range | undefined>((best, range) => (best && !beats(range, best) ? best : range), undefined)
}

function beats(range: Range, best: Range): boolean {
  return range.specificity > best.specificity || (range.specificity === best.specificity && range.quality > best.quality)
}

/** Undefined for a range whose q is malformed; one that names nothing of ours matches nothing. */
function readRange(text: string): Range | undefined {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))
  const quality = weight === undefined ? 1 : readQuality(weight.slice(weight.indexOf('=') + 1).trim())
  if (quality === undefined) return undefined
  if (type === '*/*') return { specificity: 0, flavours: offers, quality }
  if (type.endsWith('/*')) return { specificity: 1, flavours: offers.filter((flavour) => sameTree(type, flavour)), quality }
  const flavour = Object.hasOwn(names, type) ? names[type] : undefined
  return { specificity: 2, flavours: flavour ? [flavour] : [], quality }
}

function sameTree(range: string, flavour: Flavour): boolean {
  return mediaTypes[flavour].startsWith(range.slice(0, -1))
}

/** RFC 9110 12.4.2: 0 to 1, at most three decimals. */
function readQuality(text: string): number | undefined {
  return /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : undefined
}
