import { json, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { repositoryNameShape } from './names.js'

const day = z.iso
  .date()
  .optional()
  .meta({ description: 'A day in UTC, included', examples: ['2026-11-25'] })
const query = z.strictObject({
  repository: repositoryNameShape.meta({ description: 'Name of the repository', examples: ['npm'] }),
  package: z
    .string()
    .min(1)
    .max(1_024)
    .meta({ description: "As the format's catalog names it: @acme/ui, org/demo/lib, a raw file's path", examples: ['@acme/ui'] }),
  from: day,
  to: day,
})
const downloadsShape = z
  .strictObject({
    repository: z.string(),
    package: z.string(),
    since: z.string().nullable().meta({ description: 'When this instance began to count' }),
    total: z.number(),
    last: z.string().nullable(),
    days: z.array(z.strictObject({ day: z.string(), count: z.number() })).meta({ description: 'Those that had any' }),
    versions: z.array(z.strictObject({ version: z.string(), total: z.number(), last: z.string() })),
  })
  .meta({ id: 'Downloads' })

/** How often a package was downloaded, by day and by version. */
export const downloadRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/downloads',
    permission: 'organization.read',
    summary: 'Downloads of one package; up to a minute of them is still on its way',
    query,
    answers: {
      200: answer('Counted so far', downloadsShape),
      404: refusal('No such repository, or none that the caller may read'),
    },
    async handle({ query: { repository, package: pkg, from, to } }, { administration }) {
      const days = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      const { since, last, versions, ...counted } = await administration.downloads(repository, pkg, days)
      return json(200, {
        repository,
        package: pkg,
        since: since?.toISOString() ?? null,
        last: last?.toISOString() ?? null,
        ...counted,
        versions: versions.map((one) => ({ ...one, last: one.last.toISOString() })),
      })
    },
  }),
]
