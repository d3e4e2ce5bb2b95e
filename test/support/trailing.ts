import { request } from 'node:http'

/** A chunked request with a trailer section, announced or not; answers its status. */
export function callTrailing(
  origin: string,
  sent: {
    readonly method: string
    readonly target: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly trailers: Readonly<Record<string, string>>
    readonly announced?: boolean
  },
): Promise<number> {
  const { hostname, port } = new URL(origin)
  const names = Object.keys(sent.trailers).join(', ')
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...{ host: hostname, port, method: sent.method, path: sent.target, agent: false },
        headers: { ...sent.headers, 'Transfer-Encoding': 'chunked', ...(sent.announced === false ? {} : { Trailer: names }) },
      },
      (response) => resolve(response.resume().statusCode ?? 0),
    )
    outgoing.on('error', reject)
    outgoing.write(sent.body)
    outgoing.addTrailers(sent.trailers)
    outgoing.end()
  })
}
