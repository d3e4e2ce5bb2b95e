/** The order in which Maven resolves: Resolver's generic version, not the POM reference's ComparableVersion (maven dossier 3). */

/** Kinds in their order; numbers of any length are compared by length, then as text. */
const kinds = { min: 0, qualifier: 1, text: 2, number: 3, max: 4 } as const

interface Item {
  readonly kind: keyof typeof kinds
  /** Of a qualifier: its rank, 0 for none. */
  readonly rank: number
  /** Digits without leading zeros, or lower-case text. */
  readonly text: string
}

const qualifiers: ReadonlyMap<string, number> = new Map([
  ['alpha', -5],
  ['beta', -4],
  ['milestone', -3],
  ['rc', -2],
  ['cr', -2],
  ['snapshot', -1],
  ['ga', 0],
  ['final', 0],
  ['release', 0],
  ['sp', 1],
])
const letters: ReadonlyMap<string, number> = new Map([
  ['a', -5],
  ['b', -4],
  ['m', -3],
])
const zero: Item = { kind: 'number', rank: 0, text: '' }

/** Negative where `a` is older. Versions that count as equal but read differently are ordered by their text, so that a list has one order. */
export function compareVersions(a: string, b: string): number {
  return compareItems(itemsOf(a), itemsOf(b)) || (a < b ? -1 : a > b ? 1 : 0)
}

/** Negative, zero or positive by meaning alone: '1' and '1.0' are equal. */
export function compareGenericVersions(a: string, b: string): number {
  return compareItems(itemsOf(a), itemsOf(b))
}

/** A sorted copy, oldest first; each version is taken apart once. */
export function sortVersions(versions: Iterable<string>): string[] {
  return [...versions]
    .map((version) => ({ version, items: itemsOf(version) }))
    .sort((a, b) => compareItems(a.items, b.items) || (a.version < b.version ? -1 : a.version > b.version ? 1 : 0))
    .map(({ version }) => version)
}

function compareItems(a: readonly Item[], b: readonly Item[]): number {
  let numbers = true
  for (let index = 0; ; index++) {
    const left = a[index]
    const right = b[index]
    if (left === undefined && right === undefined) return 0
    if (left === undefined) return -padding(b, index)
    if (right === undefined) return padding(a, index)
    if (isNumber(left) === isNumber(right)) {
      const order = compareTwo(left, right)
      if (order !== 0) return order
      numbers = isNumber(left)
    } else if (index === 0) return compareTwo(left, right)
    else return isNumber(left) === numbers ? padding(a, index, numbers) : -padding(b, index, numbers)
  }
}

/** The rest of one list against nothing; with `numbers` given, items of the other nature are passed over. */
function padding(items: readonly Item[], from: number, numbers?: boolean): number {
  for (let index = from; index < items.length; index++) {
    const item = items[index]
    if (item === undefined || (numbers !== undefined && isNumber(item) !== numbers)) continue
    const order = againstNothing(item)
    if (order !== 0) return order
  }
  return 0
}

function compareTwo(a: Item, b: Item): number {
  if (a.kind !== b.kind) return kinds[a.kind] - kinds[b.kind]
  if (a.kind === 'qualifier') return a.rank - b.rank
  if (a.kind === 'number' && a.text.length !== b.text.length) return a.text.length - b.text.length
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0
}

function againstNothing(item: Item): number {
  if (item.kind === 'min') return -1
  if (item.kind === 'qualifier') return item.rank
  return item.kind === 'number' && item.text === '' ? 0 : 1
}

function isNumber(item: Item): boolean {
  return item.kind !== 'qualifier' && item.kind !== 'text'
}

function itemsOf(version: string): Item[] {
  const items: Item[] = []
  let start = 0
  while (start < version.length) {
    let end = start
    const digits = isDigit(version.charCodeAt(start))
    while (end < version.length && !isSeparator(version.charCodeAt(end)) && isDigit(version.charCodeAt(end)) === digits) end++
    const beforeDigit = end < version.length && isDigit(version.charCodeAt(end))
    const separated = end < version.length && isSeparator(version.charCodeAt(end))
    const next = separated ? end + 1 : end
    items.push(itemOf(version.slice(start, end), beforeDigit, next >= version.length))
    start = next
  }
  return trimmed(items.length === 0 ? [zero] : items)
}

function itemOf(token: string, beforeDigit: boolean, last: boolean): Item {
  if (token === '') return zero
  if (isDigit(token.charCodeAt(0))) {
    let first = 0
    while (first < token.length && token.charCodeAt(first) === 0x30) first++
    return { kind: 'number', rank: 0, text: token.slice(first) }
  }
  const text = token.toLowerCase()
  if (last && (text === 'min' || text === 'max')) return { kind: text, rank: 0, text: '' }
  const rank = (beforeDigit ? letters.get(text) : undefined) ?? qualifiers.get(text)
  return rank === undefined ? { kind: 'text', rank: 0, text } : { kind: 'qualifier', rank, text: '' }
}

/** Without items that mean nothing: at the end, and in front of each change between numbers and text, where one of them stays. The first stays too. */
function trimmed(items: Item[]): Item[] {
  let runEnd = items.length - 1
  for (let index = items.length - 1; index > 0; index--) {
    const item = items[index]
    const before = items[index - 1]
    if (item === undefined || before === undefined) continue
    const after = items[index + 1]
    if (after === undefined || isNumber(after) !== isNumber(item)) runEnd = index
    const removable = after === undefined || isNumber(before) === isNumber(item)
    if (runEnd === index && removable && againstNothing(item) === 0) {
      items.splice(index, 1)
      runEnd = index - 1
    }
  }
  return items
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
function isSeparator(code: number): boolean {
  return code === 0x2e || code === 0x2d || code === 0x5f
}
