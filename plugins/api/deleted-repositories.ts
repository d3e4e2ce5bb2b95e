import { type DeletedRepository, empty, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { inOrganization } from './management-route.js'
import { repositoryNameShape } from './names.js'
import { page, pageOf, pageQuery } from './page.js'
import { repositoryShape, shapeRepository } from './shapes.js'

const deletedShape = z
  .strictObject({
    repository: repositoryShape,
    deletedAt: z.string(),
    by: z.strictObject({ kind: z.string(), id: z.string() }),
    reason: z.string().nullable(),
    purgeAfter: z.string().meta({ description: 'From then on it cannot be brought back' }),
  })
  .meta({ id: 'DeletedRepository' })
const shapeDeleted = ({ repository, deletedAt, by, reason, purgeAfter }: DeletedRepository) => ({
  repository: shapeRepository(repository),
  deletedAt: deletedAt.toISOString(),
  by,
  reason: reason ?? null,
  purgeAfter: purgeAfter.toISOString(),
})
const wishes = z
  .strictObject({ name: repositoryNameShape.optional().meta({ description: 'Another name than it had' }) })
  .meta({ id: 'RepositoryRestore', examples: [{ name: 'releases-2025' }] })
const missing = { 404: refusal('No such repository was deleted, or it was brought back, or its time is over') }

/** Repositories that were deleted and lie there still. */
export const deletedRepositoryRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/deleted-repositories',
    permission: 'repositories.manage',
    summary: 'Repositories that were deleted and can be brought back, by id',
    query: pageQuery,
    answers: { 200: pageOf(deletedShape) },
    handle: ({ query }, { organization, administration }) =>
      page(query, {
        place: `${organization.id} deleted-repositories`,
        list: ({ after }) => administration.listDeletedRepositories(after === undefined ? {} : { after }),
        keyOf: ({ repository }) => repository.id,
        shape: shapeDeleted,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/deleted-repositories/{deleted}/restore',
    permission: 'repositories.manage',
    summary: 'Bring a repository back, with everything in it, its grants and the tokens that name it',
    body: wishes,
    answers: {
      200: answer('It is back; without its host name where that belongs to another one by now', repositoryShape),
      409: refusal('The name is taken: give another one. Or more than one had this name: give an id'),
      ...missing,
    },
    handle: async ({ params, body: { name } }, { administration }) =>
      json(200, shapeRepository(await administration.restoreRepository(params.deleted, name))),
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/deleted-repositories/{deleted}',
    permission: 'repositories.manage',
    summary: 'Give up a deleted repository for good, before its time',
    answers: {
      204: answer('It cannot be brought back any more'),
      409: refusal('More than one had this name: give an id'),
      ...missing,
    },
    async handle({ params }, { administration }) {
      await administration.purgeRepository(params.deleted)
      return empty(204)
    },
  }),
]
