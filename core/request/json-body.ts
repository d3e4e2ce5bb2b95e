import type { Readable } from 'node:stream'
import { invalid, RegistryError, tooLarge } from '../errors/registry-error.js'

export interface JsonBudget {
  /** Keys of all objects together. */
  readonly keys: number
  /** `constructor` and `prototype` are names of packages as well; objects then have no prototype. `__proto__` is refused in any case. */
  readonly prototypeNames: 'refuse' | 'allow'
}

export const jsonDepth = 32
export const jsonBudget: JsonBudget = { keys: 10_000, prototypeNames: 'refuse' }

export function badJson(reason: string, cause?: unknown): RegistryError {
  return invalid(`Malformed JSON: ${reason}`, { detail: { code: 'json' }, ...(cause === undefined ? {} : { cause }) })
}

/** A body's chunks. It is left as it stands when the reader gives up: the host still has an answer to send. A client that breaks off is `invalid`. */
export async function* chunksOf(body: Readable): AsyncGenerator<Buffer, void, undefined> {
  const chunks = body.iterator({ destroyOnReturn: false })
  try {
    for (;;) {
      let next: IteratorResult<Buffer>
      try {
        next = await chunks.next()
      } catch (cause) {
        throw cause instanceof RegistryError ? cause : invalid('The request body broke off', { detail: { code: 'body' }, cause })
      }
      if (next.done) return
      yield next.value
    }
  } finally {
    await chunks.return?.()
  }
}

/** A body whole, counted while it arrives. Throws `too-large` without reading further. */
export async function readWithin(body: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of chunksOf(body)) {
    size += chunk.length
    if (size > limit) throw tooLarge(`The request body is larger than ${limit} bytes`, { detail: { limit } })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const loneSurrogate = /\p{Surrogate}/u

/** JSON as RFC 8259 has it and nothing beside: UTF-8 without BOM, no duplicate keys, no lone surrogates, no number that is none, within the budget.
 *  The text is looked over before anything is built from it. Throws `invalid`. */
export function parseStrictJson(bytes: Uint8Array, budget: JsonBudget): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw badJson('not UTF-8', cause)
  }
  if (text.charCodeAt(0) === 0xfeff) throw badJson('a byte order mark')
  lookOver(text, budget)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw badJson('not JSON')
  }
  return budget.prototypeNames === 'allow' ? withoutPrototypes(value) : value
}

/** Structure alone: JSON.parse judges the grammar afterwards, when depth and number of keys are known to be small. */
function lookOver(text: string, budget: JsonBudget): void {
  const open: (Set<string> | undefined)[] = []
  let keys = 0
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      const end = endOfString(text, at)
      const raw = text.slice(at, end)
      const content = raw.includes('\\') ? contentOf(raw) : raw.slice(1, -1)
      at = end
      while (isSpace(text.charCodeAt(at))) at += 1
      if (text.charCodeAt(at) !== 0x3a) continue
      const names = open.at(-1)
      if (names === undefined) throw badJson('a key outside of an object')
      keys += 1
      if (keys > budget.keys) throw badJson(`more than ${budget.keys} keys`)
      if (content === '__proto__') throw badJson('a forbidden key')
      if (budget.prototypeNames === 'refuse' && (content === 'constructor' || content === 'prototype')) {
        throw badJson('a forbidden key')
      }
      if (names.has(content)) throw badJson('a key that stands twice in one object')
      names.add(content)
    } else if (code === 0x7b || code === 0x5b) {
      if (open.length === jsonDepth) throw badJson(`nested deeper than ${jsonDepth}`)
      open.push(code === 0x7b ? new Set() : undefined)
      at += 1
    } else if (code === 0x7d || code === 0x5d) {
      if (open.length === 0) throw badJson('not JSON')
      open.pop()
      at += 1
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const start = at
      while (isNumeral(text.charCodeAt(at))) at += 1
      if (!Number.isFinite(Number(text.slice(start, at)))) throw badJson('a number out of range')
    } else at += 1
  }
}

function endOfString(text: string, start: number): number {
  for (let from = start + 1; ; ) {
    const quote = text.indexOf('"', from)
    if (quote < 0) throw badJson('a string without an end')
    let slashes = 0
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes += 1
    if (slashes % 2 === 0) return quote + 1
    from = quote + 1
  }
}

function contentOf(raw: string): string {
  let content: unknown
  try {
    content = JSON.parse(raw)
  } catch {
    throw badJson('a malformed string')
  }
  if (typeof content !== 'string' || loneSurrogate.test(content)) throw badJson('half of a surrogate pair')
  return content
}

const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
const isNumeral = (code: number) =>
  (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2b || code === 0x2e || code === 0x65 || code === 0x45

function withoutPrototypes(root: unknown): unknown {
  const pending: unknown[] = [root]
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) Object.setPrototypeOf(value, null)
    for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) pending.push(child)
  }
  return root
}
