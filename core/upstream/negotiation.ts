/** The best coding that we have and the client takes (RFC 9110 12.5.3); undefined: none. */
export function codingOf(accept: string | undefined): 'br' | 'gzip' | undefined {
  if (!accept) return undefined
  let gzip = false
  let anything = false
  const refused = new Set<string>()
  let brotli = false
  for (const part of accept.slice(0, 1_024).split(',')) {
    const [name = '', ...parameters] = part.trim().toLowerCase().split(';')
    const zero = parameters.some((parameter) => /^\s*q\s*=\s*0(?:\.0*)?\s*$/.test(parameter))
    const coding = name.trim()
    if (zero) refused.add(coding)
    else if (coding === 'br') brotli = true
    else if (coding === 'gzip' || coding === 'x-gzip') gzip = true
    else if (coding === '*') anything = true
  }
  if (brotli) return 'br'
  return gzip || (anything && !refused.has('gzip')) ? 'gzip' : undefined
}

/** Does If-None-Match name this tag, weakly (RFC 9110 13.1.2)? `*` names none: it asks whether there is anything, which the tag does not tell. */
export function entityTagMatches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const opaque = etag.replace(/^W\//, '')
  for (const match of header.matchAll(/(?:W\/)?("[^"]*")/g)) if (match[1] === opaque) return true
  return false
}
