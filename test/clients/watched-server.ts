import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

/** Stands in front of a server and hands everything on as it is, keeping a list of what was asked. */
export class WatchedServer {
  /** 'GET /main/npm/shout-words' */
  readonly asked: string[] = []

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(url: string): Promise<WatchedServer> {
    const { hostname, port } = new URL(url)
    let watched: WatchedServer | undefined
    const server = createServer((asked, answer) => {
      const { method = '', url: path = '', headers } = asked
      watched?.asked.push(`${method} ${path}`)
      const on = request({ hostname, port, method, path, headers }, (told) => {
        answer.writeHead(told.statusCode ?? 502, told.rawHeaders)
        pipeline(told, answer, () => {})
      })
      pipeline(asked, on, (failure) => {
        if (failure) answer.destroy()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    watched = new WatchedServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    return watched
  }

  /** What was asked since the last time. */
  since(): readonly string[] {
    return this.asked.splice(0)
  }

  close(): Promise<unknown> {
    this.server.closeAllConnections()
    return new Promise((resolve) => this.server.close(resolve))
  }
}
