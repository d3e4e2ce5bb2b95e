import { empty, type LeaverHold, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { behind, page, pageOf, pageQuery } from './page.js'

const holdShape = z
  .strictObject({
    connection: z.string(),
    at: z.string(),
    leavers: z.number().meta({ description: 'Within an hour, the one included by which it became too many' }),
    users: z.number().meta({ description: 'Of so many active ones' }),
    held: z.boolean().meta({ description: 'false: owners were told, and it went on' }),
    confirmedAt: z.string().nullable(),
  })
  .meta({ id: 'LeaverHold' })
const shape = ({ connection, at, leavers, users, held, confirmedAt }: LeaverHold) => ({
  ...{ connection, at: at.toISOString(), leavers, users, held },
  confirmedAt: confirmedAt?.toISOString() ?? null,
})

/** What an identity provider that takes the access of unusually many waits for. */
export const leaverHoldRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/leaver-holds',
    permission: 'organization.manage',
    summary: 'Identity providers that took the access of more than a fifth of the users within an hour, the last time of each',
    query: pageQuery,
    answers: { 200: pageOf(holdShape) },
    handle: ({ query }, { organization, administration }) =>
      page(query, {
        place: `${organization.id} leaver holds`,
        list: ({ after }) => behind(administration.leaverHolds.list(), ({ connection }) => connection, after),
        keyOf: ({ connection }) => connection,
        shape,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/leaver-holds/{connection}/confirm',
    permission: 'organization.manage',
    summary: 'Let an identity provider that was stopped go on, for an hour without a limit',
    answers: { 204: answer('It goes on'), 404: refusal('Nothing waits there') },
    async handle({ params: { connection } }, { administration }) {
      await administration.leaverHolds.confirm(connection)
      return empty(204)
    },
  }),
]
