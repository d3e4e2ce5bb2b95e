import { createHash } from 'node:crypto'
import type { Reply } from '#core'
import { z } from '#core'
import { answer } from './answers.js'
import { inInstance } from './management-route.js'
import { type DescribedMount, openApiDocument } from './openapi-document.js'

/** `GET /-/api/v1/openapi.json`, made from the routes when it is first asked for. It is for everybody: the same bytes whoever asks and whatever organizations
 *  there are, as it tells what the program is and nothing of who uses it; pages and generated clients need it before anybody has signed in. */
export function openApiRoute(version: string, mounts: () => readonly DescribedMount[]) {
  let made: { readonly server: string; readonly body: Buffer; readonly etag: string } | undefined
  return inInstance({
    method: 'GET',
    path: '/v1/openapi.json',
    permission: 'none',
    summary: 'This description',
    answers: { 200: answer('OpenAPI 3.1', z.looseObject({ openapi: z.string() })) },
    async handle(_request, { mountUrl }): Promise<Reply> {
      const server = new URL('../..', mountUrl).pathname.replace(/(?!^)\/$/, '')
      if (made?.server !== server) {
        const body = Buffer.from(JSON.stringify(openApiDocument(version, server, mounts())))
        made = { server, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
      }
      return {
        status: 200,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
        body: made.body,
        etag: made.etag,
      }
    },
  })
}
