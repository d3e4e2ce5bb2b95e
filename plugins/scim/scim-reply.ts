import type { Headers, Reply } from '#core'

const encoder = new TextEncoder()

/** RFC 7644 section 3.1: every answer has SCIM's own media type, errors included. */
export const scimMediaType = 'application/scim+json; charset=utf-8'

export function scimJson(status: number, value: unknown, headers: Headers = {}): Reply {
  return { status, headers: { 'content-type': scimMediaType, ...headers }, body: encoder.encode(JSON.stringify(value)) }
}
