import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A client that writes what it is told, byte by byte, and reads answers as they come. */
export class RawClient {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #closed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      socket.emit('received')
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#closed = true
      socket.emit('received')
    })
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  write(text: string | Uint8Array): this {
    this.socket.write(text)
    return this
  }

  /** The next answer, by its Content-Length. `method` HEAD has no body. */
  async answer(method = 'GET'): Promise<RawAnswer> {
    await this.#until(() => this.#received.indexOf('\r\n\r\n') >= 0)
    const cut = this.#received.indexOf('\r\n\r\n')
    if (cut < 0) throw new Error(`closed after ${JSON.stringify(this.#received.toString('latin1'))}`)
    const [first = '', ...lines] = this.#received.subarray(0, cut).toString('latin1').split('\r\n')
    const [, status = '', reason = ''] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(first) ?? []
    const headers: Record<string, string> = {}
    for (const line of lines) headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim()
    const bodiless = method === 'HEAD' || /^(?:1..|204|304)$/.test(status)
    const length = bodiless ? 0 : Number(headers['content-length'] ?? 0)
    const end = cut + 4 + length
    await this.#until(() => this.#received.length >= end)
    const body = this.#received.subarray(cut + 4, end).toString('latin1')
    this.#received = this.#received.subarray(end)
    return { status: Number(status), reason, headers, body }
  }

  /** Resolves when the other side has closed; what came since the last answer. */
  async rest(): Promise<string> {
    await this.#until(() => this.#closed)
    return this.#received.toString('latin1')
  }

  close(): void {
    this.socket.destroy()
  }

  async #until(met: () => boolean): Promise<void> {
    // A reset is followed by the close.
    while (!met() && !this.#closed) await once(this.socket, 'received').catch(() => {})
  }
}
