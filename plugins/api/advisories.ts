import { empty, instanceRoute, json, type LoadedFeed, unsupported, z } from '#core'
import { answer, commonAnswers, refusal } from './answers.js'
import { queryOf } from './body.js'
import { inInstance } from './management-route.js'

const feedShape = z
  .strictObject({ loadedAt: z.string(), by: z.string(), advisories: z.number(), passedOver: z.number() })
  .meta({ id: 'AdvisoryFeed' })
const shape = ({ loadedAt, by, advisories, passedOver }: LoadedFeed) => ({
  loadedAt: loadedAt.toISOString(),
  by,
  advisories,
  passedOver,
})
const path = '/v1/advisories'
const permission = 'instance.manage'
const mediaType = 'application/x-ndjson'

/** What audits are answered from: for the operator. */
export const advisoryRoutes = [
  inInstance({
    method: 'GET',
    path,
    permission,
    summary: 'What advisories are loaded, and since when',
    answers: { 200: answer('The feed, or null', z.strictObject({ feed: feedShape.nullable() })) },
    async handle(_request, { advisories }) {
      const feed = await advisories.status()
      return json(200, { feed: feed === undefined ? null : shape(feed) })
    },
  }),
  // Read line by line: no schema holds a feed.
  instanceRoute({
    method: 'PUT',
    path,
    permission,
    describe: {
      summary: `Load advisories in the place of those before: OSV records, one a line, as ${mediaType}`,
      answers: {
        ...commonAnswers({ scope: 'instance', path, permission, hasBody: true }),
        200: answer('What is loaded now', feedShape),
        413: refusal('A record is larger than 1 MiB, or the feed than 8 GiB'),
        415: refusal(`The body is no ${mediaType}`),
      },
    },
    async handle(request, { advisories, log }) {
      queryOf(request, z.strictObject({}))
      const type = request.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
      if (type !== mediaType || request.header('content-encoding') !== undefined)
        throw unsupported(`The body has to be ${mediaType}, not encoded`, { detail: { code: 'content-type' } })
      const feed = await advisories.load(request.body)
      log.info('advisories.loaded', { advisories: feed.advisories, passedOver: feed.passedOver, requestId: request.id })
      return json(200, shape(feed))
    },
  }),
  inInstance({
    method: 'DELETE',
    path,
    permission,
    summary: 'Forget all advisories',
    answers: { 204: answer('Nothing is loaded any more') },
    async handle(_request, { advisories }) {
      await advisories.clear()
      return empty(204)
    },
  }),
]
