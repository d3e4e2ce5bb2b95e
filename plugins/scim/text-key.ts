/** Equal for what differs in width and case alone: how strings that are not case-exact are compared (RFC 7643 section 5, RFC 8264). */
export function textKey(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC')
}

/** By Unicode code point, where the language itself compares UTF-16 units: negative, zero or positive. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)]
    if (one !== other) return isSurrogate(one) === isSurrogate(other) ? one - other : isSurrogate(one) ? 1 : -1
  }
  return a.length - b.length
}

/** Beyond the basic plane, hence above what lies in it, U+E000 to U+FFFF included. */
function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
