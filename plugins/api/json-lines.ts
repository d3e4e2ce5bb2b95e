import { type Reply, z } from '#core'

/** What a stream of JSON lines is described as. */
export const linesAnswer = {
  description: 'A JSON object a line; broken off where it cannot be read',
  body: z.string(),
  type: 'application/x-ndjson',
}

const chunk = 64 * 1024

/** JSON lines as they come, offered to be saved under that name. */
export function jsonLines(filename: string, lines: AsyncIterable<object>): Reply {
  return {
    status: 200,
    headers: {
      'content-type': linesAnswer.type,
      'content-disposition': `attachment; filename="${filename}"`,
      'cache-control': 'no-store',
    },
    stream: () => chunksOf(lines),
  }
}

/** Many lines at once: each chunk is a write. */
async function* chunksOf(lines: AsyncIterable<object>): AsyncIterable<Uint8Array> {
  let text = ''
  for await (const line of lines) {
    text += `${JSON.stringify(line)}\n`
    if (text.length < chunk) continue
    yield Buffer.from(text)
    text = ''
    // Whoever reads fast must not keep all others waiting.
    await new Promise(setImmediate)
  }
  if (text !== '') yield Buffer.from(text)
}
