import { request } from 'node:http'
import type { Answer } from './house.js'

export interface WireCall {
  readonly method: string
  /** Goes onto the wire as it is written. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>
}

/** One request on a connection of its own: nothing is encoded, decoded, followed or repeated. */
export function call(origin: string, { method, target, headers = {}, body }: WireCall): Promise<Answer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, method, path: target, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const content = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? '',
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [
              name,
              Array.isArray(value) ? value.join(', ') : (value ?? ''),
            ]),
          ),
          body: content,
          text: () => content.toString('utf8'),
          json: () => JSON.parse(content.toString('utf8')) as unknown,
        })
      })
    })
    sent.on('error', reject)
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) sent.end(body)
    else send(body, sent).catch(reject)
  })
}

async function send(body: AsyncIterable<Uint8Array>, to: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of body) {
    if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve))
  }
  to.end()
}
