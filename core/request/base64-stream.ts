import { invalid } from '../errors/registry-error.js'

const bad = (reason: string) => invalid(`Malformed base64: ${reason}`, { detail: { code: 'base64' } })
const quantum = 4

/** Strict base64 (RFC 4648, section 4, padded) in pieces of any length. Node's decoder takes the URL alphabet and skips strangers without a word, so
 *  the first is looked for and what comes out is counted. */
export class Base64Stream {
  #carry = ''
  #padding = 0

  /** Decoded bytes of all whole groups so far; throws `invalid`. */
  push(piece: Buffer): Buffer {
    let end = piece.indexOf(0x3d)
    if (end < 0) end = piece.length
    if (this.#padding > 0 && end > 0) throw bad('text after its padding')
    for (let at = end; at < piece.length; at += 1) if (piece[at] !== 0x3d) throw bad('text after its padding')
    this.#padding += piece.length - end
    if (this.#padding > 2) throw bad('too much padding')
    if (end === 0) return Buffer.alloc(0)
    const text = this.#carry + piece.toString('latin1', 0, end)
    const whole = text.length - (text.length % quantum)
    this.#carry = text.slice(whole)
    return decode(text.slice(0, whole), (whole / quantum) * 3)
  }

  /** The last group. */
  end(): Buffer {
    const { length } = this.#carry
    if ((length + this.#padding) % quantum !== 0 || length === 1) throw bad('it breaks off')
    if (length === 0) return Buffer.alloc(0)
    const last = decode(this.#carry, length - 1)
    if (!last.toString('base64').startsWith(this.#carry)) throw bad('bits left over')
    return last
  }
}

function decode(text: string, expected: number): Buffer {
  if (text.includes('-') || text.includes('_')) throw bad('a character outside of its alphabet')
  const decoded = Buffer.from(text, 'base64')
  if (decoded.length !== expected) throw bad('a character outside of its alphabet')
  return decoded
}
