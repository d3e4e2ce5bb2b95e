import { badJson } from './json-body.js'

const backslash = 0x5c
const harmless = /\\(?:([/])|u([0-9A-Fa-f]{4}))/g
const partial = /\\(?:u[0-9A-Fa-f]{0,3})?$/

/** The escapes that can stand in base64 inside of a JSON string (a slash, or any ASCII character by its number) taken out, in pieces of any length.
 *  Others are no base64 and throw `invalid`. */
export class JsonStringUnescaper {
  #pending = ''

  push(piece: Buffer): Buffer {
    if (this.#pending === '' && !piece.includes(backslash)) return piece
    const text = this.#pending + piece.toString('latin1')
    const cut = partial.exec(text)
    this.#pending = cut === null ? '' : cut[0]
    const whole = cut === null ? text : text.slice(0, cut.index)
    const plain = whole.replace(harmless, (_, slash: string | undefined, hex: string | undefined) =>
      slash === undefined ? String.fromCharCode(Number.parseInt(hex ?? '', 16)) : slash,
    )
    if (plain.includes('\\') || /[^\x21-\x7e]/.test(plain)) throw badJson('an escape that no base64 holds')
    return Buffer.from(plain, 'latin1')
  }

  end(): void {
    if (this.#pending !== '') throw badJson('an escape that no base64 holds')
  }
}
