import { quoted, refuse } from './scim-failure.js'

export type Token =
  | { readonly kind: '(' | ')' | '[' | ']' }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'word'; readonly text: string }

/** Bytes of a filter or path; deeper or longer ones are `invalidFilter`. */
export const filterLimits = { bytes: 4096, depth: 32, terms: 100 } as const

/** Of attribute names, URNs, operators, literals and words that stand for strings. */
const wordCharacter = /[A-Za-z0-9._@+:$-]/

/** One pass, each character looked at once. Parentheses and brackets inside strings are text. Throws `invalidFilter`. */
export function tokensOf(text: string): readonly Token[] {
  if (Buffer.byteLength(text) > filterLimits.bytes) throw badFilter(`A filter has at most ${filterLimits.bytes} bytes`)
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const character = text.charAt(at)
    if (character === ' ') at += 1
    else if (character === '(' || character === ')' || character === '[' || character === ']') {
      tokens.push({ kind: character })
      at += 1
    } else if (character === '"') {
      const end = endOfString(text, at)
      tokens.push({ kind: 'string', value: decoded(text.slice(at, end)) })
      at = end
    } else {
      const start = at
      while (at < text.length && wordCharacter.test(text.charAt(at))) at += 1
      if (at === start) throw badFilter(`Unexpected ${quoted(character)} in the filter; strings stand in double quotes`)
      tokens.push({ kind: 'word', text: text.slice(start, at) })
    }
  }
  return tokens
}

export function badFilter(message: string) {
  return refuse('invalidFilter', message)
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '\\') at += 1
    else if (character === '"') return at + 1
  }
  throw badFilter('A string in the filter has no end')
}

function decoded(raw: string): string {
  try {
    return JSON.parse(raw) as string
  } catch {
    throw badFilter('A string in the filter is no JSON string')
  }
}
