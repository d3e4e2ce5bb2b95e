import { json, z } from '#core'
import { refusal } from './answers.js'
import { foundShape, shapeFound } from './contents-shapes.js'
import { inOrganization } from './management-route.js'
import { pageOf, pageQuery, sayCursor, takeCursor } from './page.js'

const query = pageQuery.extend({
  q: z
    .string()
    .min(1)
    .max(512)
    .refine((text) => Buffer.byteLength(text) <= 512, 'at most 512 bytes')
    .meta({
      description:
        'Words of a name, path, description or keyword; `license:`, `keyword:`, `latest:`, `homepage:`, `description:` or `name:` and a text; a digest in hexadecimal, alone or behind `md5:`, `sha1:`, `sha256:` or `sha512:`. All of them must hold',
      examples: ['greeting license:mit'],
    }),
  repository: z.string().optional().meta({ description: 'Only in this repository' }),
  kind: z.enum(['file', 'package']).optional().meta({ description: 'Only files, or only packages' }),
})

export const searchRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/search',
    permission: 'repositories.read',
    rate: 'search',
    summary:
      'Packages and files that the caller may read, by words, properties and digests. A request looks at 20,000 names: a page may be empty and still name the next',
    query,
    answers: {
      200: pageOf(foundShape),
      429: refusal(
        'More searches than one caller gets in a minute, or too many wrong tokens; Retry-After says when to come again',
      ),
    },
    async handle({ query: { q, repository, kind, limit, cursor } }, { organization, contents }) {
      const place = `${organization.id} search ${JSON.stringify([q, repository ?? null, kind ?? null])}`
      const after = takeCursor(place, cursor)
      const { found, next } = await contents.search({
        text: q,
        limit,
        ...(repository === undefined ? {} : { repository }),
        ...(kind === undefined ? {} : { kind }),
        ...(after === undefined ? {} : { after }),
      })
      return json(200, { items: found.map(shapeFound), next: next === undefined ? null : sayCursor(place, next) })
    },
  }),
]
