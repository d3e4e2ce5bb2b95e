import { createServer, type Server, type ServerResponse } from 'node:http'
import { isLoopbackHost } from '../server/host-header.js'
import { type ListenAddress, listen } from '../server/listener.js'
import { takeCpuProfile } from './cpu-profile.js'

/** What `/metrics` answers: Prometheus' text format, of all processes together. */
export interface Exposition {
  readonly contentType: string
  text(): Promise<string>
  /** A CPU profile, where another process has to take it; undefined where it cannot. */
  profile?(milliseconds: number, worker: number): Promise<string | undefined>
}

export interface MetricsListener {
  readonly url: string
  close(): Promise<void>
}

/** Seconds. */
const longestProfile = 60

/** A listener of its own for whoever watches the house: nothing of a tenant is said there, and nobody signs in. */
export async function openMetrics(at: ListenAddress, exposition: Exposition): Promise<MetricsListener> {
  const server = createServer({ maxHeaderSize: 8_192, connectionsCheckingInterval: 5_000 }, (req, res) => {
    const [path, query = ''] = (req.url ?? '').split('?', 2)
    const near = isLoopbackAddress(req.socket.remoteAddress ?? '')
    const work =
      req.method !== 'GET'
        ? answer(res, 405, 'GET alone\n', { allow: 'GET' })
        : path === '/metrics'
          ? expose(res, exposition)
          : path === '/profile' && near
            ? profile(res, new URLSearchParams(query), exposition)
            : answer(res, 404, 'Not found: /metrics, and from this machine /profile?seconds=10\n')
    work.catch(() => res.destroy())
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 10_000
  server.maxConnections = 50
  const { address, family, port } = await listen(server, at)
  return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`, close: () => shut(server) }
}

async function expose(res: ServerResponse, { contentType, text }: Exposition): Promise<void> {
  await answer(res, 200, await text(), { 'content-type': contentType })
}

/** A CPU profile for the developer tools, of the serving process, or of the one that `worker` names. */
async function profile(res: ServerResponse, query: URLSearchParams, { profile: elsewhere }: Exposition): Promise<void> {
  const seconds = Number(query.get('seconds') ?? 10)
  if (!(seconds >= 1 && seconds <= longestProfile)) return answer(res, 400, `seconds=1 to ${longestProfile}\n`)
  const take = elsewhere ?? takeCpuProfile
  const taken = await take(seconds * 1_000, Number(query.get('worker') ?? 1)).catch(() => undefined)
  if (taken === undefined) return answer(res, 503, 'No such worker, or a profile is being taken already\n')
  await answer(res, 200, taken, { 'content-type': 'application/json' })
}

async function answer(res: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): Promise<void> {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers }).end(text)
}

function isLoopbackAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  return isLoopbackHost(plain.includes(':') ? `[${plain}]` : plain)
}

async function shut(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
