import { json, type ReindexState, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'

const count = z.number().int().min(0)
const wishes = z
  .strictObject({ dryRun: z.boolean().optional().meta({ description: 'Only count what would change' }) })
  .meta({ id: 'ReindexWish', examples: [{ dryRun: true }] })
const reindexShape = z
  .strictObject({
    state: z.enum(['never', 'waiting', 'running', 'done', 'failed']).meta({ description: '`never`: none was asked for yet' }),
    dryRun: z.boolean(),
    askedAt: z.string().nullable(),
    begunAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    files: count.meta({ description: 'Files looked at so far' }),
    expectedFiles: count.nullable().meta({ description: 'Files that usage counts; null where it does not yet' }),
    packages: count.meta({ description: 'Packages looked at so far that stand on the list of names, or should' }),
    changes: z
      .strictObject({ namesWritten: count, namesRemoved: count, foldersAdded: count, marksCleared: count })
      .meta({ description: 'Rows that were wrong: of a dry run, that would be changed' }),
    failed: count.meta({ description: 'Packages that could not be read; the log of the server names them' }),
    error: z.string().nullable(),
  })
  .meta({ id: 'Reindex' })
const untouched = { namesWritten: 0, namesRemoved: 0, foldersAdded: 0, marksCleared: 0 }
const shapeReindex = (one: ReindexState | undefined) => ({
  state: one?.state ?? 'never',
  dryRun: one?.dryRun ?? false,
  askedAt: one?.askedAt.toISOString() ?? null,
  begunAt: one?.begunAt?.toISOString() ?? null,
  endedAt: one?.endedAt?.toISOString() ?? null,
  files: one?.files ?? 0,
  expectedFiles: one?.expectedFiles ?? null,
  packages: one?.packages ?? 0,
  changes: one?.changes ?? untouched,
  failed: one?.failed ?? 0,
  error: one?.error ?? null,
})

/** What search, browse and listings rest on, made again from what is stored. */
export const reindexRoutes = [
  inOrganization({
    method: 'POST',
    path: '/v1/repositories/{repository}/reindex',
    permission: 'repositories.manage',
    summary: 'Make the lists of packages and folders of a repository again from what is stored',
    body: wishes,
    answers: {
      202: answer('Asked for, or under way already', reindexShape),
      404: refusal('No such repository'),
      409: refusal('One of the other kind, dry run or not, is under way'),
    },
    handle: async ({ params, body: { dryRun = false } }, { lifecycle }) =>
      json(202, shapeReindex(await lifecycle.reindex(params.repository, { dryRun }))),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/repositories/{repository}/reindex',
    permission: 'repositories.manage',
    summary: 'How far a reindex has come, or how the last one ended',
    answers: { 200: answer('As it stands', reindexShape), 404: refusal('No such repository') },
    handle: async ({ params }, { lifecycle }) => json(200, shapeReindex(await lifecycle.findReindex(params.repository))),
  }),
]
