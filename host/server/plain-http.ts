import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

const words = 'This port speaks https: use https:// in the address\n'
const answer = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${words.length}\r\nConnection: close\r\n\r\n${words}`
/** Milliseconds in which what a client still sends is read and thrown away: closed before, its end would not come to see the answer. */
const patience = 2_000

/** For `tlsClientError`: whoever speaks plain HTTP to a TLS port is told so, in clear, instead of meeting a closed door. */
export function answerPlainHttp(failure: NodeJS.ErrnoException, secured: TLSSocket): void {
  if (failure.code !== 'ERR_SSL_HTTP_REQUEST') return
  // The connection below the handshake, which Node tells of under this name alone.
  const { _parent: plain } = secured as { readonly _parent?: Socket }
  if (plain === undefined || plain.destroyed) return
  plain.on('error', () => plain.destroy())
  plain.setTimeout(patience, () => plain.destroy())
  plain.end(answer)
  plain.resume()
}
