import { type Deletion, empty, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { defined } from './body.js'
import { inOrganization } from './management-route.js'
import { packageNameIn } from './package-address.js'
import { page, pageOf, pageQuery } from './page.js'

const reason = z
  .string()
  .max(500)
  .optional()
  .meta({ description: 'Why; kept with the tombstone', examples: ['wrong build'] })
const promotion = z
  .strictObject({
    to: z.string().meta({ examples: ['releases'] }),
    tags: z.array(z.string().max(214)).max(20).optional(),
    move: z.boolean().optional(),
    reason,
  })
  .meta({ id: 'Promotion' })
const promotedShape = z
  .strictObject({ repository: z.string(), package: z.string(), version: z.string(), files: z.number().int() })
  .meta({ id: 'Promoted' })

const deletionShape = z
  .strictObject({
    id: z.string(),
    at: z.string(),
    by: z.strictObject({ kind: z.string(), id: z.string() }),
    reason: z.string().nullable(),
    package: z.string().nullable(),
    version: z.string().nullable(),
    files: z.number().int(),
    bytes: z.number().int(),
    paths: z.array(z.string()),
    purgeAfter: z.string(),
  })
  .meta({ id: 'Deletion' })
const shapeDeletion = ({ id, at, by, reason, package: pkg, version, files, bytes, paths, purgeAfter }: Deletion) => ({
  id,
  at: at.toISOString(),
  by,
  reason: reason ?? null,
  package: pkg ?? null,
  version: version ?? null,
  files,
  bytes,
  paths,
  purgeAfter: purgeAfter.toISOString(),
})
const deletedQuery = pageQuery.extend({ repository: z.string().meta({ description: 'Name of the repository' }) })

const line = z
  .string()
  .max(500)
  .optional()
  .meta({ description: 'Why; clients show it', examples: ['wrong build'] })
const file = z
  .string()
  .min(1)
  .max(255)
  .optional()
  .meta({ description: 'One file of the version, by its name; default: all', examples: ['acme_app-1.0-py3-none-any.whl'] })
const absent = refusal('No such repository, package, version or file, or none for this caller')
const unknownToFormat = refusal('Packages of this format have no such thing')

export const packageRoutes = [
  inOrganization({
    method: 'POST',
    path: '/v1/packages/{repository}/{package}/{version}/promote',
    permission: 'packages.manage',
    summary: 'Bring a version into another repository, without copying bytes',
    body: promotion,
    answers: {
      200: answer('It is there', promotedShape),
      404: refusal('No such repository or version, or none for this caller'),
      409: refusal('Another version stands there, or the repositories do not go together'),
      422: refusal('A file does not follow the rules of the target'),
    },
    handle: async ({ params, body: { to, ...options } }, { lifecycle }) =>
      json(
        200,
        await lifecycle.promote(params.repository, packageNameIn(params.package), params.version, { to, ...defined(options) }),
      ),
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/packages/{repository}/{package}/{version}',
    permission: 'packages.manage',
    summary: 'Remove a version; it can be brought back',
    query: z.strictObject({ reason }),
    answers: { 204: answer('Gone'), 404: refusal('No such repository or version, or none for this caller') },
    async handle({ params, query }, { lifecycle }) {
      await lifecycle.removeVersion(params.repository, packageNameIn(params.package), params.version, query.reason)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/packages/{repository}/{package}',
    permission: 'packages.manage',
    summary:
      'Remove a package with all its versions (raw: a folder or a file); it can be brought back. Cut short, the next call goes on',
    query: z.strictObject({ reason }),
    answers: { 204: answer('Gone'), 404: absent, 409: refusal('Versions of this repository cannot be moved') },
    async handle({ params, query }, { lifecycle }) {
      await lifecycle.removePackage(params.repository, packageNameIn(params.package), query.reason)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/packages/{repository}/{package}/{version}/yank',
    permission: 'packages.manage',
    summary: 'Advise clients against a version, or one file of it; it stays where it is',
    body: z.strictObject({ reason: line, file }).meta({ id: 'Yank' }),
    answers: { 204: answer('Yanked'), 404: absent, 409: unknownToFormat },
    async handle({ params, body }, { lifecycle }) {
      const mark = { yanked: true, ...defined(body) }
      await lifecycle.yank(params.repository, packageNameIn(params.package), params.version, mark)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/packages/{repository}/{package}/{version}/yank',
    permission: 'packages.manage',
    summary: 'Take a yank back',
    query: z.strictObject({ file }),
    answers: { 204: answer('No longer yanked'), 404: absent, 409: unknownToFormat },
    async handle({ params, query }, { lifecycle }) {
      const mark = { yanked: false, ...defined(query) }
      await lifecycle.yank(params.repository, packageNameIn(params.package), params.version, mark)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'PUT',
    path: '/v1/packages/{repository}/{package}/status',
    permission: 'packages.manage',
    summary: 'Say what a package is: active, deprecated, archived (takes no uploads) or quarantined (offers nothing)',
    body: z
      .strictObject({
        status: z
          .string()
          .max(40)
          .meta({ examples: ['deprecated'] }),
        reason: line,
      })
      .meta({ id: 'PackageStatus' }),
    answers: { 204: answer('So it is'), 404: absent, 409: unknownToFormat },
    async handle({ params, body }, { lifecycle }) {
      await lifecycle.setStatus(params.repository, packageNameIn(params.package), body.status, body.reason)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/deleted',
    permission: 'packages.manage',
    summary: 'What was deleted in a repository and can be brought back, oldest first',
    query: deletedQuery,
    answers: { 200: pageOf(deletionShape), 404: refusal('No such repository, or none for this caller') },
    handle: ({ query: { repository, ...query } }, { organization, lifecycle }) =>
      page(query, {
        place: `${organization.id} deleted ${repository}`,
        list: ({ after }) => lifecycle.listDeletions(repository, after === undefined ? {} : { after }),
        keyOf: ({ id }) => id,
        shape: shapeDeletion,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/deleted/{repository}/{deletion}/undo',
    permission: 'packages.manage',
    summary: 'Bring back what was deleted',
    answers: {
      200: answer('It is back', deletionShape),
      404: refusal('No such deletion, or it was undone, or its time is over'),
      409: refusal('Something else stands there now'),
    },
    handle: async ({ params }, { lifecycle }) =>
      json(200, shapeDeletion(await lifecycle.undo(params.repository, params.deletion))),
  }),
]
