import { connect } from 'node:net'
import { AnswerReader } from './answer-reader.js'

/** The next request as it goes onto the wire; undefined: there are no more. */
export type Requests = () => Buffer | undefined

export interface LoadOptions {
  readonly port: number
  readonly connections: number
  readonly requests: Requests
  /** What a good answer has; 200 by default. */
  readonly status?: number
}
export interface LoadResult {
  readonly answers: number
  readonly perSecond: number
  /** Answers of another status, and connections that broke. */
  readonly failures: number
}

/** Keeps one request in flight on each connection until there are no more. Plain sockets: what is measured is the server, not a client library. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const shared = { answers: 0, failures: 0, status: options.status ?? 200 }
  const began = performance.now()
  await Promise.all(Array.from({ length: options.connections }, () => one(options, shared)))
  const seconds = (performance.now() - began) / 1_000
  return { answers: shared.answers, perSecond: shared.answers / seconds, failures: shared.failures }
}

/** A request without a body, or with one. */
export function requestBytes(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array = new Uint8Array(),
): Buffer {
  const all = { host: '127.0.0.1', ...headers, ...(body.length > 0 ? { 'content-length': String(body.length) } : {}) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body])
}

/** The same request again and again for so long, counted from the first. */
export function repeated(request: Buffer, milliseconds: number): Requests {
  let until: number | undefined
  return () => {
    until ??= performance.now() + milliseconds
    return performance.now() < until ? request : undefined
  }
}

interface Shared {
  answers: number
  failures: number
  readonly status: number
}

function one({ port, requests }: LoadOptions, shared: Shared): Promise<void> {
  return new Promise((resolve) => {
    const open = () => {
      const first = requests()
      if (first === undefined) return resolve()
      const reader = new AnswerReader()
      let waiting = true
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      const answered = () => {
        waiting = false
        if (reader.status === shared.status) shared.answers++
        else shared.failures++
      }
      socket.on('connect', () => socket.write(first))
      socket.on('data', (chunk: Buffer) => {
        if (!reader.take(chunk)) return
        answered()
        const next = reader.closes ? undefined : requests()
        waiting = next !== undefined
        if (next === undefined) socket.destroy()
        else socket.write(next)
      })
      // What broke is counted where it closes.
      socket.on('error', () => {})
      // A server may end a connection after a number of requests (ours after 1,000): the next one takes its place.
      socket.on('close', () => {
        if (waiting && reader.endedByClose) answered()
        else if (waiting) shared.failures++
        open()
      })
    }
    open()
  })
}
