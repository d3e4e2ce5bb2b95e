import { connect, type Socket } from 'node:net'

export interface LoadOptions {
  readonly port: number
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly connections: number
  readonly milliseconds: number
}
export interface LoadResult {
  readonly answers: number
  readonly perSecond: number
  /** Anything but 200, or a connection that broke. */
  readonly failures: number
}

/** Keeps one request in flight on each connection for the given time. Plain sockets: what is measured is the server, not a client library. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const lines = Object.entries({ host: `127.0.0.1:${options.port}`, ...options.headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  const request = Buffer.from(`GET ${options.path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const state = { answers: 0, failures: 0, until: performance.now() + options.milliseconds }
  const began = performance.now()
  await Promise.all(Array.from({ length: options.connections }, () => one(options.port, request, state)))
  const seconds = (performance.now() - began) / 1_000
  return { answers: state.answers, perSecond: state.answers / seconds, failures: state.failures }
}

interface Shared {
  answers: number
  failures: number
  readonly until: number
}

function one(port: number, request: Buffer, shared: Shared): Promise<void> {
  return new Promise((resolve) => {
    let socket: Socket
    const open = () => {
      let missing = -1
      let head = ''
      socket = connect({ host: '127.0.0.1', port, noDelay: true })
      socket.on('connect', () => socket.write(request))
      socket.on('data', (chunk: Buffer) => {
        let rest = chunk
        if (missing < 0) {
          const end = (head + rest.toString('latin1')).indexOf('\r\n\r\n')
          if (end < 0) {
            head += rest.toString('latin1')
            return
          }
          const text = head + rest.toString('latin1')
          if (!text.startsWith('HTTP/1.1 200')) shared.failures++
          missing = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
          rest = rest.subarray(end + 4 - head.length)
          head = ''
        }
        missing -= rest.length
        if (missing > 0) return
        missing = -1
        shared.answers++
        if (performance.now() < shared.until) socket.write(request)
        else socket.destroy()
      })
      socket.on('error', () => shared.failures++)
      // A server may end a connection after a number of requests (ours after 1,000): the next one takes its place.
      socket.on('close', () => (performance.now() < shared.until ? open() : resolve()))
    }
    open()
  })
}
