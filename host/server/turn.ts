import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const ends = new WeakMap<Socket, Promise<false>>()

/** Node hands out all requests that a connection has sent ahead, and its answers stand in a line. Resolves when it is this answer's turn: false where
 *  the connection has gone first, of which Node tells no answer but the one at the head of the line. */
export async function turnOf(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
  if (res.socket !== null || res.destroyed || res.writableFinished) return true
  const { socket } = req
  const turn = !socket.destroyed && (await Promise.race([assigned(res), endOf(socket)]))
  if (!turn) abandon(res)
  return turn
}

/** An answer that is never sent, on a connection that ends. */
export function abandon(res: ServerResponse): void {
  res.destroy()
  res.emit('close')
}

function assigned(res: ServerResponse): Promise<true> {
  return new Promise((resolve) => res.once('socket', () => resolve(true)))
}

/** One listener a connection, however many answers wait. */
function endOf(socket: Socket): Promise<false> {
  let end = ends.get(socket)
  if (end === undefined) {
    end = new Promise((resolve) => socket.once('close', () => resolve(false)))
    ends.set(socket, end)
  }
  return end
}
