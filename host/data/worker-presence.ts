import { readdir, unlink } from 'node:fs/promises'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { answers, closed, ignoreMissing, listenOn } from './lock-socket.js'

const prefix = 'house.lock.worker-'
/** Longer than a worker that lost its primary may still take. Milliseconds. */
const patience = 30_000
const lookAgain = 100

/** A worker at work on a data folder: a listening Unix socket beside the house's lock, for the moment when the primary is gone and its workers are not. */
export class WorkerPresence {
  readonly #server: Server
  readonly #path: string

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  /** The folder must exist. */
  static async show(folder: string): Promise<WorkerPresence> {
    const path = join(folder, `${prefix}${process.pid}`)
    // Left by a worker that was killed, whose number is ours now.
    await unlink(path).catch(ignoreMissing)
    const server = await listenOn(path)
    server.on('connection', (socket) => socket.on('error', () => {}).end())
    return new WorkerPresence(server, path)
  }

  async end(): Promise<void> {
    await unlink(this.#path).catch(ignoreMissing)
    await closed(this.#server)
  }
}

/** For the holder of the folder's lock: resolves when no worker of an earlier house is at work, and takes away what killed ones left. Throws where one
 *  goes on for longer than any should. */
export async function untilWorkersGone(folder: string, milliseconds = patience): Promise<void> {
  const until = performance.now() + milliseconds
  for (;;) {
    let alive = 0
    for (const name of await readdir(folder)) {
      if (!name.startsWith(prefix)) continue
      const path = join(folder, name)
      if (await answers(path)) alive++
      else await unlink(path).catch(ignoreMissing)
    }
    if (alive === 0) return
    if (performance.now() > until) throw new Error(`Processes of an earlier house still work on the data folder ${folder}`)
    await new Promise((resolve) => setTimeout(resolve, lookAgain))
  }
}
