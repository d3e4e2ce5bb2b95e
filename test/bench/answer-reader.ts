/** Finds the end of each HTTP/1.1 answer on a connection that has one request in flight, without keeping the body. Of chunks
 *  it knows the last by its bytes: a chunk whose content ends in `0` and a line end, cut there, would be mistaken for it. */
export class AnswerReader {
  status = 0
  /** The server closes after this answer. */
  closes = false
  #head = ''
  #missing = -1
  #ending: 'head' | 'length' | 'chunks' | 'close' = 'head'
  #tail = ''

  /** Answers true with the last bytes of an answer; the next `take` begins another. */
  take(chunk: Buffer): boolean {
    const body = this.#ending === 'head' ? this.#afterHead(chunk) : chunk
    if (body === undefined || !this.#ended(body)) return false
    this.#ending = 'head'
    return true
  }

  /** The connection has closed: was that the end of an answer? */
  get endedByClose(): boolean {
    return this.#ending === 'close'
  }

  #afterHead(chunk: Buffer): Buffer | undefined {
    const before = this.#head.length
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const head = this.#head.slice(0, end)
    this.#head = ''
    this.#tail = ''
    this.status = Number(head.slice(9, 12))
    this.closes = /\r\nconnection: close/i.test(head) || head.startsWith('HTTP/1.0')
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#ending = 'chunks'
    else if (length !== undefined || this.status === 204) this.#ending = 'length'
    else this.#ending = 'close'
    this.#missing = Number(length ?? 0)
    return chunk.subarray(end + 4 - before)
  }

  #ended(body: Buffer): boolean {
    if (this.#ending === 'close') return false
    if (this.#ending === 'length') {
      this.#missing -= body.length
      return this.#missing <= 0
    }
    this.#tail = (this.#tail + body.toString('latin1', Math.max(0, body.length - 7))).slice(-7)
    return this.#tail === '\r\n0\r\n\r\n' || this.#tail === '0\r\n\r\n'
  }
}
