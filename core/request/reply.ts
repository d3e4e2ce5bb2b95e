import type { Bytes } from '../storage/bytes.js'

export type Headers = Readonly<Record<string, string>>

/** What a handler returns; only the host touches a socket. HEAD, conditions and ranges are the host's, wherever validators stand here. */
export interface Reply {
  readonly status: number
  /** Reason phrase, where the protocol's clients show it: printable Latin-1, one line. */
  readonly reason?: string
  /** Lower-case names. */
  readonly headers: Headers
  /** Each a whole `Set-Cookie`. */
  readonly cookies?: readonly string[]
  readonly body?: Uint8Array | Bytes
  /** In the place of a body whose length nobody knows before its end. Opened once, by GET alone; where it fails the connection breaks off. */
  readonly stream?: () => AsyncIterable<Uint8Array>
  /** With quotes, and `W/` where weak. */
  readonly etag?: string
  readonly modified?: Date
  /** May the host cut a range out of it (206, 416)? */
  readonly ranges?: boolean
  /** Sending these bytes is a download of this package: counted where they go out to a GET, whole or from their first byte on. */
  readonly download?: Download
  /** Set by the kernel; the host calls it when such an answer begins to go out. */
  readonly downloaded?: () => void
}

/** By the name that the format's catalog has for it. `version` where the format tells versions. */
export interface Download {
  readonly package: string
  readonly version?: string
}

export interface BytesOptions {
  /** The plugin's table of extensions decides, never the uploader; default application/octet-stream. What is not on the short list of
   *  security guide 3.5 goes out as an attachment, sandboxed. */
  readonly contentType?: string
  /** File name offered to whoever saves it; default: the last segment of its path. */
  readonly filename?: string
  /** These bytes never change under this address: cached for a year. */
  readonly immutable?: boolean
  /** Default: the sha256, strong. */
  readonly etag?: string
  readonly headers?: Headers
  readonly status?: number
  /** What counts as downloaded by it; nothing where absent (checksums, signatures, metadata). */
  readonly download?: Download
}

const encoder = new TextEncoder()
export function json(status: number, value: unknown, headers: Headers = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: encoder.encode(JSON.stringify(value)) }
}
export function text(status: number, content: string, headers: Headers = {}): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: encoder.encode(content) }
}
export function xml(status: number, content: string, headers: Headers = {}): Reply {
  return { status, headers: { 'content-type': 'text/xml; charset=utf-8', ...headers }, body: encoder.encode(content) }
}
/** A page of ours alone (a listing, an index): served sandboxed, without script. */
export function html(status: number, content: string, headers: Headers = {}): Reply {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      ...headers,
    },
    body: encoder.encode(content),
  }
}
export function empty(status: number, headers: Headers = {}): Reply {
  return { status, headers }
}
/** `location` is built from parsed and encoded segments, never from the client's text. */
export function redirect(status: 301 | 302 | 303 | 307 | 308, location: string): Reply {
  return { status, headers: { location, 'cache-control': 'no-cache' } }
}
