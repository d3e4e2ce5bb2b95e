import { STATUS_CODES } from 'node:http'
import type { Headers, Reply } from '#core'

const encoder = new TextEncoder()

/** A refusal of the host itself, before or behind the kernel: an RFC 9457 document with constant words. */
export function problem(status: number, code: string, detail: string, headers: Headers = {}): Reply {
  const document = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code }
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: encoder.encode(JSON.stringify(document)),
  }
}
