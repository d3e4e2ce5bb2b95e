import { invalid } from '#core'

/** A whole number of the query, cut to `most`; `fallback` where there is none. Throws `invalid`. */
export function numberIn(query: URLSearchParams, name: string, fallback: number, most: number): number {
  const text = query.get(name)
  if (text === null || text === '') return fallback
  if (!/^\d{1,9}$/.test(text)) throw invalid(`${name} is not a number`)
  return Math.min(Number(text), most)
}
