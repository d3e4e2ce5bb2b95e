import { write, writeSync } from 'node:fs'

/** Each wakes a thread, which costs more than what it writes. */
const block = 32 * 1024
/** Milliseconds. */
const longestDelay = 1_000
const busyPause = 20
const longestFlush = 2_000
/** A reader that stands still costs this much memory; what comes then is left out, and counted. */
const most = 16 * 1024 * 1024

/** Lines to a descriptor, written behind in blocks, a second late at most. A reader that is gone ends the writing and nothing else: the library's own
 *  output waits for it without end when the process goes down. */
export class LogOutput {
  #waiting = ''
  #writing: Buffer | undefined
  #timer: NodeJS.Timeout | undefined
  #broken = false
  #lost = 0

  constructor(private readonly descriptor: number) {}

  write(lines: string): void {
    if (this.#broken) return
    if (this.#waiting.length + lines.length > most) {
      this.#lost++
      return
    }
    this.#waiting += lines
    if (this.#waiting.length >= block) this.#begin()
    else this.#timer ??= setTimeout(() => this.#begin(), longestDelay).unref()
  }

  /** What is held, before the process ends. */
  flush(): void {
    const until = performance.now() + longestFlush
    this.#take()
    // One that is under way may be written twice in part: a torn line is better than a lost one.
    while (this.#writing !== undefined && !this.#broken && performance.now() < until) {
      try {
        this.#wrote(writeSync(this.descriptor, this.#writing))
      } catch (error) {
        if (!isBusy(error)) this.#break()
        else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyPause)
      }
      if (this.#writing === undefined) this.#take()
    }
  }

  #begin(): void {
    if (this.#writing !== undefined || this.#broken) return
    this.#take()
    this.#continue()
  }

  #take(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#lost > 0) {
      this.#waiting += `${JSON.stringify({ level: 'error', time: new Date().toISOString(), count: this.#lost, event: 'log.lost' })}\n`
      this.#lost = 0
    }
    if (this.#waiting === '') return
    const held = Buffer.from(this.#waiting)
    this.#waiting = ''
    this.#writing = this.#writing === undefined ? held : Buffer.concat([this.#writing, held])
  }

  #continue(): void {
    const chunk = this.#writing
    if (chunk === undefined) return
    write(this.descriptor, chunk, (error, count) => {
      // Flushed meanwhile.
      if (this.#writing !== chunk) return
      if (error) {
        if (isBusy(error)) setTimeout(() => this.#continue(), busyPause).unref()
        else this.#break()
        return
      }
      this.#wrote(count)
      if (this.#writing === undefined && this.#waiting.length >= block) this.#take()
      if (this.#writing !== undefined) this.#continue()
      else if (this.#waiting !== '') this.#timer ??= setTimeout(() => this.#begin(), longestDelay).unref()
    })
  }

  #wrote(count: number): void {
    const rest = this.#writing?.subarray(count)
    this.#writing = rest === undefined || rest.length === 0 ? undefined : rest
  }

  #break(): void {
    this.#broken = true
    this.#writing = undefined
    this.#waiting = ''
  }
}

function isBusy(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EAGAIN' || code === 'EBUSY'
}
