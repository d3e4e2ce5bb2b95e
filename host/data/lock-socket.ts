import { connect, createServer, type Server } from 'node:net'
import { relative } from 'node:path'

/** What Unix sockets can be called on every system we know. */
export const longestSocket = 103

/** Somebody listens there, or may: a full backlog is somebody. False where its holder is dead, or gone. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(short(path))
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => settle(true))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
  })
}

/** Of this process alone, also where it is one of several workers; it keeps nobody running. */
export function listenOn(path: string): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: short(path), exclusive: true }, () => {
      server.off('error', reject)
      server.unref()
      resolve(server)
    })
  })
}

export const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))

/** Unix sockets have short names: a deep folder is named from where we stand. */
function short(path: string): string {
  const name = shortest(path)
  if (name === undefined)
    throw new Error(`The path of the data folder is too long for its lock (${longestSocket} bytes): ${path}`)
  return name
}

/** Undefined where no socket can be called so. */
export function shortest(path: string): string | undefined {
  return [path, relative(process.cwd(), path)].find((name) => Buffer.byteLength(name) <= longestSocket)
}

export function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
