import { empty, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { defined } from './body.js'
import { inOrganization } from './management-route.js'
import { repositoryNameShape } from './names.js'
import { behind, page, pageOf, pageQuery } from './page.js'
import { formatShape, organizationShape, repositoryShape, shapeFormat, shapeOrganization, shapeRepository } from './shapes.js'

const one = (description: string) => answer(description, repositoryShape)

const size = z
  .number()
  .int()
  .positive()
  .max(100 * 1024 ** 3)
const off = z.boolean().optional()
const switches = {
  webdav: off.describe('raw: answer WebDAV clients'),
  portableNames: off.describe('raw: refuse new names that not every operating system can keep'),
  indexPages: off.describe('raw: a folder with an index.html shows that in place of its listing'),
  verifySidecars: off.describe('raw: hold .md5, .sha1, .sha256 and .sha512 files against the file that they speak of'),
}
const newRepository = z
  .strictObject({
    name: repositoryNameShape,
    format: z.string(),
    /** The others are refused in words of the kernel's. */
    kind: z.enum(['hosted', 'proxy', 'group']).optional(),
    policy: z.enum(['release', 'snapshot', 'mixed']).optional(),
    public: z.boolean().optional(),
    writePolicy: z.enum(['once', 'replace']).optional(),
    layoutPolicy: z.enum(['strict', 'permissive']).optional(),
    ...switches,
    maxSize: size.optional(),
    host: z.string().max(253).optional(),
  })
  .meta({ id: 'NewRepository', examples: [{ name: 'releases', format: 'maven', policy: 'release' }] })
const change = z
  .strictObject({
    /** The old address answers 404. */
    name: repositoryNameShape.optional(),
    policy: z.enum(['release', 'snapshot', 'mixed']).optional(),
    public: z.boolean().optional(),
    writePolicy: z.enum(['once', 'replace']).optional(),
    layoutPolicy: z.enum(['strict', 'permissive']).optional(),
    ...switches,
    maxSize: size.nullable().optional(),
    /** Maven: so many newest builds of a snapshot stay; a rule of its clean-up. */
    keepSnapshotBuilds: z.number().int().min(1).max(100_000).optional(),
    host: z.string().max(253).nullable().optional(),
  })
  .meta({ id: 'RepositoryChange', examples: [{ writePolicy: 'once' }] })
const formatSwitch = z.strictObject({ enabled: z.boolean() }).meta({ id: 'FormatSwitch' })

const nameOf = ({ name }: { readonly name: string }) => name

export const repositoryRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/organization',
    permission: 'organization.read',
    summary: 'This organization',
    answers: { 200: answer('As it stands', organizationShape) },
    handle: async (_request, { administration }) => json(200, shapeOrganization(await administration.organization())),
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/repositories',
    permission: 'repositories.read',
    summary: 'Repositories that the caller may read',
    query: pageQuery,
    answers: { 200: pageOf(repositoryShape) },
    handle: ({ query }, { organization, administration }) =>
      page(query, {
        place: `${organization.id} repositories`,
        list: ({ after }) => behind(administration.listRepositories(), nameOf, after),
        keyOf: nameOf,
        shape: shapeRepository,
      }),
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/repositories',
    permission: 'repositories.manage',
    summary: 'Make a repository',
    body: newRepository,
    answers: {
      201: one('Made'),
      403: refusal('The format is disabled here'),
      409: refusal('The name or the host name is taken'),
    },
    async handle({ body: { name, format, ...rest } }, { administration }) {
      return json(201, shapeRepository(await administration.createRepository({ name, format, ...defined(rest) })))
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/repositories/{repository}',
    permission: 'repositories.read',
    summary: 'One repository',
    answers: { 200: one('As it stands'), 404: refusal('No such repository, or none for this caller') },
    handle: async ({ params }, { administration }) =>
      json(200, shapeRepository(await administration.getRepository(params.repository))),
  }),
  inOrganization({
    method: 'PATCH',
    path: '/v1/repositories/{repository}',
    permission: 'repositories.manage',
    summary: 'Change a repository',
    body: change,
    answers: {
      200: one('As it stands now'),
      404: refusal('No such repository'),
      409: refusal('The name or the host name is taken'),
    },
    async handle({ params, body: { keepSnapshotBuilds: keepBuilds, ...patch } }, { administration, lifecycle }) {
      if (keepBuilds !== undefined) {
        const before = await lifecycle.cleanupRules(params.repository)
        await lifecycle.setCleanupRules(params.repository, { ...before?.rules, keepBuilds }, false)
      }
      return json(200, shapeRepository(await administration.updateRepository(params.repository, defined(patch))))
    },
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/repositories/{repository}',
    permission: 'repositories.manage',
    summary: "Remove a repository and everything in it; it can be brought back for the organization's `undoDays`",
    query: z.strictObject({ reason: z.string().max(500).optional().meta({ description: 'Why; kept with what was deleted' }) }),
    answers: { 204: answer('Gone'), 404: refusal('No such repository') },
    async handle({ params, query: { reason } }, { administration }) {
      await administration.deleteRepository(params.repository, reason)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/formats',
    permission: 'organization.read',
    summary: 'Installed formats, and whether they are enabled here',
    answers: { 200: answer('All of them', z.array(formatShape)) },
    handle: async (_request, { administration }) => json(200, (await administration.listFormats()).map(shapeFormat)),
  }),
  inOrganization({
    method: 'PUT',
    path: '/v1/formats/{format}',
    permission: 'organization.manage',
    summary: 'Switch a format on or off',
    body: formatSwitch,
    answers: { 204: answer('Done'), 400: refusal('No such format') },
    async handle({ params, body }, { administration }) {
      await administration.setFormat(params.format, body.enabled)
      return empty(204)
    },
  }),
]
