import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { Socket } from 'node:net'

/** Process ids of the children of a process, by Linux's table. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

/** Which of these processes has the other end of this connection on loopback? */
export function holderOf(pids: readonly number[], { localPort = 0, remotePort = 0 }: Socket): number | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  const row = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(`:${hex(remotePort)}`) && remote?.endsWith(`:${hex(localPort)}`))
  const inode = row?.[9]
  return pids.find((pid) => readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(pid, fd) === `socket:[${inode}]`))
}

function linkOf(pid: number, fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return undefined
  }
}

export interface PinnedAnswer {
  readonly status: number
  readonly text: string
  readonly headers: NodeJS.Dict<string | string[]>
}

/** A client on one connection to one process. */
export class PinnedClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #url: URL
  socket: Socket | undefined

  private constructor(url: string) {
    this.#url = new URL(url)
  }

  /** A client for each of these processes, in their order. Connections go round among them. */
  static async ofEach(url: string, pids: readonly number[]): Promise<readonly PinnedClient[]> {
    const found = new Map<number, PinnedClient>()
    for (let attempt = 0; found.size < pids.length && attempt < 50 * pids.length; attempt++) {
      const client = new PinnedClient(url)
      await client.send('GET', '/')
      const holder = client.socket && holderOf(pids, client.socket)
      if (holder === undefined || found.has(holder)) client.close()
      else found.set(holder, client)
    }
    return pids.map((pid) => {
      const client = found.get(pid)
      if (!client) throw new Error(`No connection reached the process ${pid}`)
      return client
    })
  }

  send(
    method: string,
    path: string,
    {
      authorization,
      body,
      headers = {},
      encoding = 'utf8',
    }: {
      authorization?: string
      body?: string | Uint8Array
      headers?: Record<string, string>
      /** Of the answer's bytes in `text`. */
      encoding?: BufferEncoding
    } = {},
  ): Promise<PinnedAnswer> {
    return new Promise((resolve, reject) => {
      const all = { ...headers, ...(authorization === undefined ? {} : { authorization }) }
      const { hostname, port } = this.#url
      const sent = request({ hostname, port, method, path, headers: all, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode = 0, headers: received } = response
          resolve({ status: statusCode, text: Buffer.concat(chunks).toString(encoding), headers: received })
        })
      })
      sent.on('socket', (socket) => {
        this.socket = socket
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Until it holds, or a minute has gone by: what processes do among themselves has no answer to wait for. */
export async function until<Value>(look: () => Value | Promise<Value>, holds: (value: Value) => boolean): Promise<Value> {
  const end = performance.now() + 60_000
  for (;;) {
    const value = await look()
    if (holds(value) || performance.now() > end) return value
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
