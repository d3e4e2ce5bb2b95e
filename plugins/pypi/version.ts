/** Longest version taken, in characters (security guide 3.6). */
export const longestVersion = 128
/** The same with what may stand around it. */
const longestText = 1_024

/** A version taken apart (PEP 440). Numbers stay text without leading zeros: date-stamped builds are longer than a double is exact. */
export interface Version {
  readonly epoch: string
  readonly release: readonly string[]
  readonly pre?: { readonly phase: 'a' | 'b' | 'rc'; readonly number: string }
  readonly post?: string
  readonly dev?: string
  /** Lower case, split at separators; numeric parts without leading zeros. */
  readonly local?: readonly string[]
}

const grammar =
  /^v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?(?:[-_.]?(dev)[-_.]?([0-9]*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/
const phases = { alpha: 'a', a: 'a', beta: 'b', b: 'b', preview: 'rc', pre: 'rc', c: 'rc', rc: 'rc' } as const

/** Undefined where the text is no version: old data and upstream pages hold such. */
export function parseVersion(text: string): Version | undefined {
  if (text.length > longestText) return undefined
  const trimmed = text.replace(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, '')
  if (trimmed.length > longestVersion || !isAscii(trimmed)) return undefined
  const match = grammar.exec(trimmed.toLowerCase())
  if (!match) return undefined
  const [, epoch, release = '', phase, preNumber, hyphenPost, postWord, postNumber, devWord, devNumber, local] = match
  const post = hyphenPost ?? (postWord === undefined ? undefined : (postNumber ?? ''))
  return {
    epoch: plain(epoch ?? ''),
    release: release.split('.').map(plain),
    ...(phase === undefined ? {} : { pre: { phase: phases[phase as keyof typeof phases], number: plain(preNumber ?? '') } }),
    ...(post === undefined ? {} : { post: plain(post) }),
    ...(devWord === undefined ? {} : { dev: plain(devNumber ?? '') }),
    ...(local === undefined ? {} : { local: local.split(/[-_.]/).map((part) => (isNumeric(part) ? plain(part) : part)) }),
  }
}

/** The one spelling of a version; trailing zeros of its release stay. */
export function normalVersion(version: Version): string {
  return spell(version, version.release)
}

/** The identity of a release: '1', '1.0' and '1.0.0' are one. */
export function versionKey(version: Version): string {
  return spell(version, withoutTrailingZeros(version.release))
}

/** A pre-release or a development release; post and local do not count. */
export function isPreRelease(version: Version): boolean {
  return version.pre !== undefined || version.dev !== undefined
}

/** Negative, zero or positive, in the order of PEP 440. Zero for two spellings of one release. */
export function compareVersions(a: Version, b: Version): number {
  return (
    compareNumbers(a.epoch, b.epoch) ||
    compareLists(withoutTrailingZeros(a.release), withoutTrailingZeros(b.release), compareNumbers) ||
    compareRanks(preRank(a), preRank(b)) ||
    compareNumbers(a.pre?.number ?? '0', b.pre?.number ?? '0') ||
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    compareLocal(a.local, b.local)
  )
}

/** Texts in version order; what does not parse sorts below everything that does, among itself as text. */
export function compareVersionTexts(a: string, b: string): number {
  const left = parseVersion(a)
  const right = parseVersion(b)
  if (left && right) return compareVersions(left, right)
  if (left) return 1
  if (right) return -1
  return compareText(a, b)
}

/** By code unit: what `<` does, as a comparison. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Decimal digits of any length, without leading zeros. */
export function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareText(a, b)
}

function spell(version: Version, release: readonly string[]): string {
  const { epoch, pre, post, dev, local } = version
  return [
    epoch === '0' ? '' : `${epoch}!`,
    release.join('.'),
    pre ? `${pre.phase}${pre.number}` : '',
    post === undefined ? '' : `.post${post}`,
    dev === undefined ? '' : `.dev${dev}`,
    local ? `+${local.join('.')}` : '',
  ].join('')
}

function withoutTrailingZeros(release: readonly string[]): readonly string[] {
  let length = release.length
  while (length > 1 && release[length - 1] === '0') length--
  return release.slice(0, length)
}

/** A development release of a final version sorts before its pre-releases, a final version after them. */
function preRank({ pre, post, dev }: Version): number {
  if (pre) return { a: 0, b: 1, rc: 2 }[pre.phase]
  return post === undefined && dev !== undefined ? -1 : 3
}

function compareRanks(a: number, b: number): number {
  return a - b
}

/** `absent`: how a missing number compares with any number. */
function compareOptional(a: string | undefined, b: string | undefined, absent: -1 | 1): number {
  if (a === undefined) return b === undefined ? 0 : absent
  return b === undefined ? -absent : compareNumbers(a, b)
}

function compareLocal(a: readonly string[] | undefined, b: readonly string[] | undefined): number {
  if (!a) return b ? -1 : 0
  return b ? compareLists(a, b, compareLocalParts) : 1
}

function compareLocalParts(a: string, b: string): number {
  if (isNumeric(a)) return isNumeric(b) ? compareNumbers(a, b) : 1
  return isNumeric(b) ? -1 : compareText(a, b)
}

function compareLists(a: readonly string[], b: readonly string[], compare: (a: string, b: string) => number): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compare(a[at] ?? '', b[at] ?? '')
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Digits without leading zeros; an implicit number is 0. */
function plain(digits: string): string {
  return digits.replace(/^0+(?=[0-9])/, '') || '0'
}

function isNumeric(text: string): boolean {
  return /^[0-9]+$/.test(text)
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}
