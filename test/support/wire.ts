import { connect, type Socket } from 'node:net'

export interface WireRequest {
  readonly method: string
  /** Goes onto the wire as it stands. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  /** 'withheld': announced with `Expect: 100-continue` and never sent. 'endless': chunks without a last one, until an answer comes. */
  readonly body?: 'withheld' | 'endless'
}

export interface WireAnswer {
  readonly status: number
  /** Header lines as they came, name in lower case, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Did the server ask for the body? */
  readonly continued: boolean
}

/** One request over a socket of its own, for what an HTTP client would not do or not tell. */
export async function exchange(url: string, request: WireRequest): Promise<WireAnswer> {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  const answer = readAnswer(socket, request.method === 'HEAD')
  socket.write(head(request, host))
  const sending = request.body === 'endless' ? sendForever(socket) : Promise.resolve()
  try {
    return await answer
  } finally {
    socket.destroy()
    await sending
  }
}

/** Sends the beginning of a body that promises more, breaks off, and resolves once the server has let go of the connection. */
export async function breakOff(
  url: string,
  request: Omit<WireRequest, 'body'>,
  part: Uint8Array,
  promised: number,
): Promise<void> {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.write(head({ ...request, headers: { ...request.headers, 'Content-Length': String(promised) } }, host))
  socket.end(part)
  await closed
}

function head(request: WireRequest, host: string): string {
  const framing: Record<string, string> =
    request.body === 'withheld'
      ? { Expect: '100-continue', 'Content-Length': '1048576' }
      : request.body === 'endless'
        ? { 'Transfer-Encoding': 'chunked' }
        : {}
  const lines = Object.entries({ Host: host, ...request.headers, ...framing }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${request.method} ${request.target} HTTP/1.1\r\n${lines.join('')}\r\n`
}

async function sendForever(socket: Socket): Promise<void> {
  const chunk = Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`)
  while (!socket.destroyed) {
    if (!socket.write(chunk))
      await new Promise<void>((resolve) => {
        socket.once('drain', resolve)
        socket.once('close', () => resolve())
      })
  }
}

function readAnswer(socket: Socket, isHead: boolean): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    let continued = false
    const look = (ended: boolean) => {
      const parsed = parse(received, isHead, ended)
      if (parsed === 'continue') {
        continued = true
        received = received.subarray(received.indexOf('\r\n\r\n') + 4)
        look(ended)
      } else if (parsed !== undefined) resolve({ ...parsed, continued })
    }
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      look(false)
    })
    socket.on('close', () => {
      look(true)
      reject(new Error(`the connection ended without an answer after ${received.length} bytes`))
    })
    // A reset behind an answer that was read is no failure; without one, 'close' follows and rejects.
    socket.on('error', () => {})
  })
}

function parse(received: Buffer, isHead: boolean, ended: boolean): Omit<WireAnswer, 'continued'> | 'continue' | undefined {
  const cut = received.indexOf('\r\n\r\n')
  if (cut < 0) return undefined
  const [statusLine = '', ...lines] = received.subarray(0, cut).toString('latin1').split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  if (status === 100) return 'continue'
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const value = (name: string) => headers.find(([other]) => other === name)?.[1]
  const rest = received.subarray(cut + 4)
  if (isHead || status === 204 || status === 304) return { status, headers, body: '' }
  if (value('transfer-encoding') === 'chunked') {
    return rest.includes('0\r\n\r\n') || ended ? { status, headers, body: rest.toString('utf8') } : undefined
  }
  const length = Number(value('content-length') ?? Number.NaN)
  const complete = Number.isNaN(length) ? ended : rest.length >= length
  return complete ? { status, headers, body: rest.toString('utf8') } : undefined
}
