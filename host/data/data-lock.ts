import { randomBytes } from 'node:crypto'
import { link, open, stat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { join } from 'node:path'
import { answers, closed, ignoreMissing, listenOn, shortest } from './lock-socket.js'

const lockName = 'house.lock'
/** Held for a moment while a stale lock is replaced; one older than this was left by a crash. */
const guardName = 'house.lock.taking'
const guardAge = 10_000
/** Milliseconds. */
const longestAnswer = 2_000

/** One house per data folder: a listening Unix socket in it (architecture guide, Processes). Whoever finds nobody answering takes over; whoever connects
 *  hears where the house is reached. */
export class DataLock {
  readonly #server: Server
  readonly #path: string
  #address = ''

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
    server.on('connection', (socket) => {
      socket.on('error', () => {})
      socket.end(this.#address)
    })
  }

  /** The house listens: whoever may enter the data folder finds it there. */
  announce(url: string): void {
    this.#address = url
  }

  /** Throws where another house answers. The folder must exist. */
  static async take(folder: string): Promise<DataLock> {
    const path = join(folder, lockName)
    const own = join(folder, `.${randomBytes(6).toString('hex')}`)
    const server = await listenOn(own)
    try {
      for (;;) {
        if (await linked(own, path)) return new DataLock(server, path)
        if (await answers(path)) throw new Error(`Another house serves the data folder ${folder}`)
        if (await takeOver(folder, own, path)) return new DataLock(server, path)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    } catch (error) {
      await closed(server)
      throw error
    } finally {
      await unlink(own).catch(ignoreMissing)
    }
  }

  async release(): Promise<void> {
    await unlink(this.#path).catch(ignoreMissing)
    await closed(this.#server)
  }
}

/** Two that find the same stale lock must not remove each other's fresh one: only the holder of the guard replaces, after looking again. */
async function takeOver(folder: string, own: string, path: string): Promise<boolean> {
  const guard = join(folder, guardName)
  try {
    await (await open(guard, 'wx', 0o600)).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const left = await stat(guard).catch(() => undefined)
    if (left && Date.now() - left.mtimeMs > guardAge) await unlink(guard).catch(ignoreMissing)
    return false
  }
  try {
    if (await answers(path)) return false
    await unlink(path).catch(ignoreMissing)
    return await linked(own, path)
  } finally {
    await unlink(guard).catch(ignoreMissing)
  }
}

async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Where the house of this data folder listens; undefined where none runs, or has not come so far. */
export function addressOfHouse(folder: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const path = shortest(join(folder, lockName))
    // No house could hold such a lock.
    if (path === undefined) return resolve(undefined)
    const socket = connect(path)
    let said = ''
    socket.setEncoding('utf8').setTimeout(longestAnswer, () => socket.destroy())
    socket.on('data', (text: string) => {
      said += text
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(said === '' ? undefined : said))
  })
}
