import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { invalid, type ProtocolRequest, tooLarge } from '#core'
import { isObject } from './manifest.js'

/** Bytes as they arrive, and inflated; strings, names of fields among them: nobody else has a turn while they are parsed, a microsecond each. */
const limits = { wire: 4 * 1024 ** 2, text: 16 * 1024 ** 2, strings: 200_000 } as const
const inflated = promisify(gunzip)

/** The body of an audit: JSON, compressed by npm, yarn 1 and bun, sometimes without saying so (npm dossier 16). Its keys are names of packages, any of
 *  them: own members alone are to be read. Throws `invalid` and `too-large`. */
export async function auditBody({ body }: ProtocolRequest): Promise<{ readonly [key: string]: unknown }> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limits.wire) throw tooLarge(`An audit has at most ${limits.wire} bytes`, { detail: { limit: limits.wire } })
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? await inflate(bytes) : bytes
  if (quotesIn(text) > 2 * limits.strings) throw tooLarge(`An audit has at most ${limits.strings} names and values`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text))
  } catch (cause) {
    throw invalid('The audit is not JSON', { cause })
  }
  if (!isObject(value)) throw invalid('The audit is not a JSON object')
  return value
}

/** Up to one more than there may be. */
function quotesIn(text: Buffer): number {
  let count = 0
  for (let at = text.indexOf(0x22); at >= 0 && count <= 2 * limits.strings; at = text.indexOf(0x22, at + 1)) count += 1
  return count
}

async function inflate(bytes: Buffer): Promise<Buffer> {
  try {
    return await inflated(bytes, { maxOutputLength: limits.text })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(`An audit has at most ${limits.text} bytes`, { detail: { limit: limits.text } })
    throw invalid('The audit cannot be inflated', { cause })
  }
}
