import { TextDecoder } from 'node:util'
import { invalid } from '../errors/registry-error.js'

/** What a declaration may name; anything else is refused rather than guessed at. */
const encodings: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'windows-1252',
  ascii: 'windows-1252',
  'iso-8859-1': 'windows-1252',
  latin1: 'windows-1252',
  'iso-8859-15': 'iso-8859-15',
  'windows-1252': 'windows-1252',
  cp1252: 'windows-1252',
  'utf-16': 'utf-16',
}
const sniffed = 1024
const declared = /^<\?xml[ \t\r\n][^>]{0,200}?encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']/

/** Bytes of an XML document to its characters, by byte order mark, else by declaration, else UTF-8. Throws `invalid` on bytes that are not in it. */
export class XmlDecoder {
  private decoder: TextDecoder | undefined
  private head = new Uint8Array(0)

  push(chunk: Uint8Array): string {
    if (this.decoder !== undefined) return this.decode(chunk, true)
    const head = new Uint8Array(this.head.length + chunk.length)
    head.set(this.head)
    head.set(chunk, this.head.length)
    this.head = head
    return head.length < sniffed ? '' : this.begin(true)
  }

  end(): string {
    return this.decoder === undefined ? this.begin(false) : this.decode(new Uint8Array(0), false)
  }

  private begin(more: boolean): string {
    this.decoder = new TextDecoder(encodingOf(this.head), { fatal: true })
    const head = this.head
    this.head = new Uint8Array(0)
    return this.decode(head, more)
  }

  private decode(chunk: Uint8Array, more: boolean): string {
    try {
      return this.decoder?.decode(chunk, { stream: more }) ?? ''
    } catch (cause) {
      throw invalid('The XML document has bytes that do not belong to its encoding', { cause })
    }
  }
}

function encodingOf(head: Uint8Array): string {
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  const name = declared.exec(Buffer.from(head.subarray(0, sniffed)).toString('latin1'))?.[1]?.toLowerCase()
  if (name === undefined) return 'utf-8'
  const encoding = Object.hasOwn(encodings, name) ? encodings[name] : undefined
  if (encoding === undefined || encoding === 'utf-16')
    throw invalid(`The XML document names an encoding that is not read here: ${name}`)
  return encoding
}
