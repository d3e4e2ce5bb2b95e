import type { Readable } from 'node:stream'
import { invalid, RegistryError, tooLarge } from '../errors/registry-error.js'

/** Bytes of one record, and of a whole feed. */
export const feedLimits = { line: 1024 ** 2, feed: 8 * 1024 ** 3 } as const

/** Lines of a feed, each a record of JSON, counted while they arrive; empty ones are passed over. Throws `invalid` and `too-large`, with the line's number. */
export async function* recordsOf(feed: Readable): AsyncGenerator<{ readonly line: number; readonly value: unknown }> {
  let line = 0
  for await (const bytes of linesOf(feed)) {
    line += 1
    const text = bytes.toString('utf8').trim()
    if (text !== '') yield { line, value: parsed(text, line) }
  }
}

async function* linesOf(feed: Readable): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let held = 0
  let size = 0
  let count = 1
  for await (const chunk of feed as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > feedLimits.feed) throw tooLarge(`A feed has at most ${feedLimits.feed} bytes`)
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...pieces, chunk.subarray(start, end)])
      pieces = []
      held = 0
      count += 1
      start = end + 1
    }
    const rest = chunk.subarray(start)
    held += rest.length
    if (held > feedLimits.line) throw tooLarge(`Line ${count} of the feed is longer than ${feedLimits.line} bytes`)
    if (rest.length > 0) pieces.push(rest)
  }
  if (held > 0) yield Buffer.concat(pieces)
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(`Line ${line} of the feed is not JSON`, { cause })
  }
}

/** The same failure with the line that it is about. */
export function atLine(line: number, failure: unknown): unknown {
  if (!(failure instanceof RegistryError) || failure.kind !== 'invalid') return failure
  return invalid(`Line ${line} of the feed is ${failure.message}`, { cause: failure })
}
