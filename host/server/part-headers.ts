import { tooLarge } from '#core'

/** Security guide 3.6: of one part of a form. */
const mostHeaders = 16
const longestHeader = 2 * 1024

type Headers = Readonly<Record<string, readonly string[]>>
interface HeaderParser {
  cb(headers: Headers): void
}

/** The form parser takes 2,000 headers a part whatever it is told; here each part's are counted as they have been read. Throws nothing: `fail` is called with
 *  the refusal. It reaches into the parser, and the tests of both limits see to it that it goes on to. */
export function watchPartHeaders(parser: object, fail: (error: Error) => void): void {
  let current: HeaderParser | null = null
  const watched = new WeakSet<HeaderParser>()
  Object.defineProperty(parser, '_hparser', {
    configurable: true,
    get: () => current,
    set(next: HeaderParser | null) {
      current = next
      if (next === null || watched.has(next)) return
      watched.add(next)
      const read = next.cb.bind(next)
      next.cb = (headers) => {
        const refusal = refusalOf(headers)
        if (refusal) fail(refusal)
        read(headers)
      }
    },
  })
}

function refusalOf(headers: Headers): Error | undefined {
  let count = 0
  for (const name in headers) {
    for (const value of headers[name] ?? []) {
      count++
      if (name.length + value.length > longestHeader) return tooLarge('A header of a part of the form is too long')
    }
  }
  return count > mostHeaders ? tooLarge('A part of the form has too many headers') : undefined
}
