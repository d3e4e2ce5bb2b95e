import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ByteRange, Bytes, Reply } from '#core'
import { evaluateConditions, ifRangeHolds } from './conditions.js'
import { bodyPending, drain, drainBudgets } from './early-refusal.js'
import { problem } from './problem.js'
import { parseRange } from './ranges.js'
import { flatHeaders, reasonPhrase } from './reply-headers.js'
import { turnOf } from './turn.js'

export interface SendOptions {
  readonly requestId: string
  /** The connection is not kept: the house is going down. */
  readonly close?: boolean
  /** It came by https under a name of its own: browsers are told to stay with it (RFC 6797). */
  readonly strict?: boolean
  /** Milliseconds an answer may stand still before its connection is destroyed; default 60 s (security guide 3.3). */
  readonly stalledAfter?: number
}
export interface Sent {
  readonly status: number
  readonly bytes: number
}

const usuallyStalledAfter = 60_000
/** Up to here a body goes out in one write. */
const oneWrite = 256 * 1024
/** Up to here it is one write with the headers. */
const joined = 8 * 1024

/** Answers `req`: HEAD, conditions, one range, and the rest of a body that nobody wanted. A body that cannot be read whole destroys the connection: a
 *  client never takes half a file for a whole one. Throws only before anything was sent. */
export async function sendReply(req: IncomingMessage, res: ServerResponse, reply: Reply, options: SendOptions): Promise<Sent> {
  const { stalledAfter = usuallyStalledAfter } = options
  const chosen = choose(req, reply)
  const { status } = chosen.reply
  const head = req.method === 'HEAD'
  // Nothing is opened, and nothing held in memory, for an answer that others stand before.
  if (!(await turnOf(req, res))) return { status, bytes: 0 }
  const bodiless = status === 204 || status === 304
  const { stream } = chosen.reply
  const length = bodiless || stream !== undefined ? undefined : lengthOf(chosen)
  // Nothing is opened for whoever has gone, or wants headers alone.
  const content = head || bodiless || length === 0 || res.destroyed ? undefined : await open(chosen)
  const refusedEarly = bodyPending(req)
  const facts = {
    status,
    requestId: options.requestId,
    length,
    close: options.close === true || refusedEarly,
    strict: options.strict === true,
  }
  const headers = flatHeaders(chosen.reply, chosen.range ? { ...facts, range: chosen.range, size: chosen.size } : facts)
  const reason = reasonPhrase(chosen.reply.reason)
  if (reason === undefined) res.writeHead(status, headers)
  else res.writeHead(status, reason, headers)
  if (!head && (status === 200 || (status === 206 && chosen.range?.start === 0))) chosen.reply.downloaded?.()
  let streamed = 0
  if (stream !== undefined && !head && !bodiless) {
    req.socket.setTimeout(stalledAfter)
    streamed = await pump(stream(), res)
    if (!refusedEarly) res.end()
  } else if (content instanceof Uint8Array || content === undefined) {
    if (!refusedEarly) finish(res, content)
    else if (content) res.write(content)
    else res.flushHeaders()
    if (content && !res.writableFinished) req.socket.setTimeout(stalledAfter)
  } else {
    req.socket.setTimeout(stalledAfter)
    await pump(content, res, length ?? 0)
    if (!refusedEarly) res.end()
  }
  if (refusedEarly) {
    const challenged = status === 401 && req.headers.authorization === undefined && req.headers.cookie === undefined
    await drain(req, challenged ? drainBudgets.challenge : drainBudgets.usual)
    res.end()
  }
  return { status, bytes: head ? 0 : (length ?? streamed) }
}

interface Chosen {
  readonly reply: Reply
  readonly size: number
  readonly range?: ByteRange
}

function choose(req: IncomingMessage, reply: Reply): Chosen {
  const size = reply.body === undefined ? 0 : sizeOf(reply.body)
  const whole: Chosen = { reply, size }
  const reads = req.method === 'GET' || req.method === 'HEAD'
  if (!reads || reply.status < 200 || reply.status > 299 || (reply.etag === undefined && reply.modified === undefined))
    return whole
  const failed = evaluateConditions(req.headers, reply, Date.now())
  if (failed === 304) return { reply: { ...reply, status: 304, ranges: false }, size }
  if (failed === 412) return instead(refusal(reply, 412, 'precondition', `The current entity tag is ${reply.etag ?? 'none'}`))
  const { range } = req.headers
  if (range === undefined || req.method !== 'GET' || reply.status !== 200 || !reply.ranges) return whole
  if (!ifRangeHolds(req.headers['if-range'] as string | undefined, reply, Date.now())) return whole
  const asked = parseRange(range, size)
  if (asked === undefined) return whole
  if (asked !== 'unsatisfiable') return { reply: { ...reply, status: 206 }, size, range: asked }
  const beyond = refusal(reply, 416, 'range', `The representation has ${size} bytes`)
  return instead({ ...beyond, headers: { ...beyond.headers, 'content-range': `bytes */${size}` }, ranges: true })
}

function refusal(reply: Reply, status: number, code: string, detail: string): Reply {
  const document = problem(status, code, detail)
  return {
    ...document,
    ...(reply.etag === undefined ? {} : { etag: reply.etag }),
    headers: { ...document.headers, ...(reply.headers['vary'] === undefined ? {} : { vary: reply.headers['vary'] }) },
  }
}

const instead = (reply: Reply): Chosen => ({ reply, size: reply.body === undefined ? 0 : sizeOf(reply.body) })
const sizeOf = (body: Uint8Array | Bytes) => (body instanceof Uint8Array ? body.length : body.size)
const lengthOf = ({ range, size }: Chosen) => (range ? range.end - range.start : size)

async function open({ reply: { body }, range, size }: Chosen) {
  if (body === undefined) return undefined
  const small = body instanceof Uint8Array ? body : size <= oneWrite ? await body.small(oneWrite) : undefined
  if (small) return range ? small.subarray(range.start, range.end) : small
  return (body as Bytes).open(range)
}

/** A small body goes out in one piece with its headers: Node joins a string to them, and writes a buffer beside them by a call that costs twice as much. */
function finish(res: ServerResponse, content: Uint8Array | undefined): void {
  if (content === undefined || content.length > joined) res.end(content)
  else res.end(Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1'), 'latin1')
}

/** Chunks as they come, one on its way at a time; how many bytes there were. Never ends `res`. */
async function pump(
  content: AsyncIterable<Uint8Array> & { destroy?(): unknown },
  res: ServerResponse,
  length?: number,
): Promise<number> {
  const gone = () => content.destroy?.()
  res.once('close', gone)
  let sent = 0
  try {
    for await (const chunk of content) {
      sent += chunk.length
      if (length !== undefined && sent > length) break
      if (!res.write(chunk)) await writable(res)
      if (res.destroyed) break
    }
    if (length !== undefined && sent !== length && !res.destroyed) throw new Error(`A body of ${length} bytes ended at ${sent}`)
  } catch (error) {
    const closed = res.destroyed
    res.destroy()
    if (!closed) throw new BrokenReply(error)
  } finally {
    res.off('close', gone)
  }
  return sent
}

/** The connection is destroyed already: for the log alone. */
export class BrokenReply extends Error {
  constructor(cause: unknown) {
    super('An answer broke off', { cause })
  }
}

function writable(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (res.destroyed) return resolve()
    const done = () => {
      res.off('drain', done).off('close', done)
      resolve()
    }
    res.on('drain', done).on('close', done)
  })
}
