import { type FileHandle, open } from 'node:fs/promises'
import type { LeakedPasswords } from '#core/host'

/** A hash, and a count that is not looked at: 'CBFDAC6008F9CAB4083784CBD1874F76618D2A97:51259779'. */
const lineForm = /^([0-9A-Fa-f]{40})(?::\d{1,20})?$/
const longestLine = 64
/** Below this much the lines are looked at one by one. */
const window = 4_096

/** A file of SHA-1 hashes in their order, a line each, of any size: looked up by halving, some forty small reads, and kept nowhere in memory. */
export class SortedHashFile implements LeakedPasswords {
  private constructor(
    private readonly file: FileHandle,
    private readonly size: number,
  ) {}

  /** Throws where it cannot be read, or its ends say that it is no such file. */
  static async open(path: string): Promise<SortedHashFile> {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const found = new SortedHashFile(file, size)
      const first = hashesIn(await found.read(0, longestLine * 2)).at(0)
      const last = hashesIn(await found.read(Math.max(0, size - longestLine * 2), longestLine * 2)).at(-1)
      if (first === undefined || last === undefined || first > last)
        throw new Error(`${path} is no file of SHA-1 hashes in their order, one a line`)
      return found
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async has(sha1: string): Promise<boolean> {
    const wanted = sha1.toUpperCase()
    // Its line, if there is one, begins from the one on and before the other; both are beginnings of lines.
    let [from, to] = [0, this.size]
    while (to - from > window) {
      const middle = Math.floor((from + to) / 2)
      const text = await this.read(middle, longestLine * 2)
      const begins = text.indexOf('\n') + 1
      const [hash] = hashesIn(text.slice(begins))
      if (begins === 0 || hash === undefined) throw new Error('The list of leaked passwords has a line that is no hash')
      if (hash === wanted) return true
      if (hash < wanted) from = middle + begins
      else to = middle + begins
    }
    return hashesIn(await this.read(from, to - from)).includes(wanted)
  }

  close(): Promise<void> {
    return this.file.close()
  }

  private async read(position: number, length: number): Promise<string> {
    const buffer = Buffer.alloc(Math.min(length, Math.max(0, this.size - position)))
    const { bytesRead } = await this.file.read(buffer, 0, buffer.length, position)
    return buffer.toString('latin1', 0, bytesRead)
  }
}

/** Those of whole lines. */
function hashesIn(text: string): readonly string[] {
  return text.split(/\r?\n/).flatMap((line) => lineForm.exec(line)?.[1]?.toUpperCase() ?? [])
}
