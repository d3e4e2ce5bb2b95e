import type { Readable } from 'node:stream'
import { digestLength, invalid, tooLarge } from '#core'
import type { ChecksumAlgorithm } from './layout.js'

const mostBytes = 1024

/** The value in the body of a checksum file: 'hex', 'hex  name' or 'ALGO(name)= hex', of whatever case; short of leading zeros it is padded.
 *  Throws `too-large` beyond 1 KiB, `invalid` for anything else. */
export async function readChecksum(body: Readable, algorithm: ChecksumAlgorithm): Promise<string> {
  return parseChecksum(new TextDecoder().decode(await readSmall(body, mostBytes)), algorithm)
}

/** At most that many bytes; `too-large` beyond. `what`: it is called in that refusal. */
export async function readSmall(body: Readable, limit: number, what = 'A checksum file'): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > limit) throw tooLarge(`${what} has at most ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function parseChecksum(text: string, algorithm: ChecksumAlgorithm): string {
  const line = text
    .split(/[\r\n]/)
    .map((one) => one.trim())
    .find((one) => one !== '')
  const equals = line?.lastIndexOf('= ') ?? -1
  const word = line === undefined ? '' : (equals >= 0 ? line.slice(equals + 2) : line).trim().split(/\s/, 1)[0]?.toLowerCase()
  const length = digestLength[algorithm]
  if (word === undefined || word === '' || word.length > length || !/^[0-9a-f]+$/.test(word))
    throw invalid(`This is no ${algorithm} checksum: up to ${length} hexadecimal digits were expected`, {
      detail: { title: 'Malformed checksum' },
    })
  return word.padStart(length, '0')
}
