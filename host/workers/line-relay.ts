import type { Readable } from 'node:stream'

const newline = 0x0a
/** A line without end is cut here. */
const longest = 1024 * 1024

/** Hands on what `source` says in whole lines: pieces that several processes write to one pipe may come between each other. */
export function relayLines(source: Readable, write: (lines: string) => void): void {
  let rest: Buffer[] = []
  let held = 0
  const flush = () => {
    if (held > 0) write(`${Buffer.concat(rest).toString('utf8')}\n`)
    rest = []
    held = 0
  }
  source.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(newline) + 1
    if (end > 0) {
      write(Buffer.concat([...rest, chunk.subarray(0, end)]).toString('utf8'))
      rest = []
      held = 0
    }
    if (end === chunk.length) return
    rest.push(chunk.subarray(end))
    held += chunk.length - end
    if (held > longest) flush()
  })
  source.on('end', flush)
  source.on('error', flush)
}
