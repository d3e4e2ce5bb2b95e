import { empty, json, organizationRoute, z } from '#core'
import { bodyOf } from './body.js'
import { defined } from './organizations.js'
import { behind, page, pageOf, pageQuery } from './page.js'
import {
  formatShape,
  organizationShape,
  problemShape,
  repositoryShape,
  shapeFormat,
  shapeOrganization,
  shapeRepository,
} from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })
const one = (description: string) => ({ description, body: repositoryShape })

const size = z
  .number()
  .int()
  .positive()
  .max(100 * 1024 ** 3)
const newRepository = z.strictObject({
  name: z.string(),
  format: z.string(),
  /** The others are refused in words of the kernel's. */
  kind: z.enum(['hosted', 'proxy', 'group']).optional(),
  policy: z.enum(['release', 'snapshot', 'mixed']).optional(),
  public: z.boolean().optional(),
  writePolicy: z.enum(['once', 'replace']).optional(),
  layoutPolicy: z.enum(['strict', 'permissive']).optional(),
  maxSize: size.optional(),
  host: z.string().max(253).optional(),
})
const change = z.strictObject({
  policy: z.enum(['release', 'snapshot', 'mixed']).optional(),
  public: z.boolean().optional(),
  writePolicy: z.enum(['once', 'replace']).optional(),
  layoutPolicy: z.enum(['strict', 'permissive']).optional(),
  maxSize: size.nullable().optional(),
  host: z.string().max(253).nullable().optional(),
})

const nameOf = ({ name }: { readonly name: string }) => name

export const repositoryRoutes = [
  organizationRoute({
    method: 'GET',
    path: '/v1/organization',
    permission: 'organization.read',
    describe: { summary: 'This organization', answers: { 200: { description: 'As it stands', body: organizationShape } } },
    handle: async (_request, { administration }) => json(200, shapeOrganization(await administration.organization())),
  }),
  organizationRoute({
    method: 'GET',
    path: '/v1/repositories',
    permission: 'organization.read',
    describe: {
      summary: 'Repositories that the caller may read',
      query: pageQuery,
      answers: { 200: { description: 'One page', body: pageOf(repositoryShape) } },
    },
    handle: (request, { organization, administration }) =>
      page(request, {
        place: `${organization.id} repositories`,
        list: ({ after }) => behind(administration.listRepositories(), nameOf, after),
        keyOf: nameOf,
        shape: shapeRepository,
      }),
  }),
  organizationRoute({
    method: 'POST',
    path: '/v1/repositories',
    permission: 'repositories.manage',
    describe: {
      summary: 'Make a repository',
      body: newRepository,
      answers: {
        201: one('Made'),
        403: refusal('The format is disabled here'),
        409: refusal('The name or the host name is taken'),
      },
    },
    async handle(request, { administration }) {
      const { name, format, ...rest } = await bodyOf(request, newRepository)
      return json(201, shapeRepository(await administration.createRepository({ name, format, ...defined(rest) })))
    },
  }),
  organizationRoute({
    method: 'GET',
    path: '/v1/repositories/{repository}',
    permission: 'organization.read',
    describe: {
      summary: 'One repository',
      answers: { 200: one('As it stands'), 404: refusal('No such repository, or none for this caller') },
    },
    handle: async ({ params }, { administration }) =>
      json(200, shapeRepository(await administration.getRepository(params.repository))),
  }),
  organizationRoute({
    method: 'PATCH',
    path: '/v1/repositories/{repository}',
    permission: 'repositories.manage',
    describe: {
      summary: 'Change a repository',
      body: change,
      answers: { 200: one('As it stands now'), 404: refusal('No such repository'), 409: refusal('The host name is taken') },
    },
    async handle(request, { administration }) {
      const patch = await bodyOf(request, change)
      return json(200, shapeRepository(await administration.updateRepository(request.params.repository, defined(patch))))
    },
  }),
  organizationRoute({
    method: 'DELETE',
    path: '/v1/repositories/{repository}',
    permission: 'repositories.manage',
    describe: {
      summary: 'Remove a repository and everything in it',
      answers: { 204: { description: 'Gone' }, 404: refusal('No such repository') },
    },
    async handle({ params }, { administration }) {
      await administration.deleteRepository(params.repository)
      return empty(204)
    },
  }),
  organizationRoute({
    method: 'GET',
    path: '/v1/formats',
    permission: 'organization.read',
    describe: {
      summary: 'Installed formats, and whether they are enabled here',
      answers: { 200: { description: 'All of them', body: z.array(formatShape) } },
    },
    handle: async (_request, { administration }) => json(200, (await administration.listFormats()).map(shapeFormat)),
  }),
  organizationRoute({
    method: 'PUT',
    path: '/v1/formats/{format}',
    permission: 'organization.manage',
    describe: {
      summary: 'Switch a format on or off',
      body: z.strictObject({ enabled: z.boolean() }),
      answers: { 204: { description: 'Done' }, 400: refusal('No such format') },
    },
    async handle(request, { administration }) {
      const { enabled } = await bodyOf(request, z.strictObject({ enabled: z.boolean() }))
      await administration.setFormat(request.params.format, enabled)
      return empty(204)
    },
  }),
]
