import type { Server } from 'node:http'
import { Readable } from 'node:stream'
import { type Bytes, RegistryError, type Reply, text } from '#core'
import { type HouseRequest, silentLogger } from '#core/host'
import { AccessLog } from '../../../host/server/access-log.js'
import { type AppOptions, houseApp } from '../../../host/server/express-app.js'
import { Health } from '../../../host/server/health.js'
import { createListener, listen } from '../../../host/server/listener.js'
import { RawClient } from './raw-http.js'

export type Handler = (request: HouseRequest) => Reply | Promise<Reply>

/** The host's server before a handler that stands in for the kernel. */
export interface Door {
  readonly port: number
  readonly server: Server
  readonly health: Health
  readonly url: string
  raw(): Promise<RawClient>
  /** One request on a connection of its own, written as it stands. */
  send(...lines: readonly string[]): Promise<Awaited<ReturnType<RawClient['answer']>>>
  close(): Promise<void>
}

export async function openDoor(
  handle: Handler,
  options: Partial<Pick<AppOptions, 'publicUrl' | 'isRootMount' | 'admission'>> & { trusted?: readonly string[] } = {},
): Promise<Door> {
  const health = new Health()
  const kernel = {
    async handle(request: HouseRequest): Promise<Reply> {
      try {
        return await handle(request)
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error
        return text(error.kind === 'too-large' ? 413 : 400, `${error.kind}: ${error.message}`)
      }
    },
  }
  const app = houseApp({
    kernel,
    health,
    trustedProxies: options.trusted ?? [],
    log: silentLogger,
    accessLog: new AccessLog(silentLogger),
    publicUrl: options.publicUrl,
    ...(options.admission === undefined ? {} : { admission: options.admission }),
    isRootMount: options.isRootMount ?? (async () => false),
  })
  const server = createListener(app)
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 })
  const clients: RawClient[] = []
  const raw = async () => {
    const client = await RawClient.open(port)
    clients.push(client)
    return client
  }
  return {
    port,
    server,
    health,
    url: `http://127.0.0.1:${port}`,
    raw,
    async send(...lines) {
      const client = await raw()
      client.write(`${lines.join('\r\n')}\r\n\r\n`)
      return client.answer(lines[0]?.split(' ')[0])
    },
    async close() {
      for (const client of clients) client.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Bytes in memory; `opened` counts how often they were read. */
export function memoryBytes(content: Buffer): Bytes & { opened: number } {
  return {
    opened: 0,
    size: content.length,
    async open(range = { start: 0, end: content.length }) {
      this.opened++
      return Readable.from([content.subarray(range.start, range.end)])
    },
    async small(limit = 1024 * 1024) {
      if (content.length > limit) return undefined
      this.opened++
      return content
    },
  }
}
