import { empty, instanceRoute, json, z } from '#core'
import { bodyOf } from './body.js'
import { page, pageOf, pageQuery } from './page.js'
import { organizationShape, problemShape, shapeOrganization } from './shapes.js'

const refusal = (description: string) => ({ description, body: problemShape })
const one = (description: string) => ({ description, body: organizationShape })

const newOrganization = z.strictObject({ name: z.string(), displayName: z.string().max(256).optional() })
const change = z.strictObject({
  status: z.enum(['active', 'suspended']).optional(),
  displayName: z.string().max(256).optional(),
  publicAllowed: z.boolean().optional(),
})

/** Organizations of the instance, and its list of routes: for the operator. */
export const instanceRoutes = [
  instanceRoute({
    method: 'GET',
    path: '/v1/organizations',
    permission: 'instance.manage',
    describe: {
      summary: 'Organizations, by name',
      query: pageQuery,
      answers: { 200: { description: 'One page', body: pageOf(organizationShape) } },
    },
    handle: (request, { organizations }) =>
      page(request, {
        place: 'organizations',
        list: (query) => organizations.list(query),
        keyOf: ({ name }) => name,
        shape: shapeOrganization,
      }),
  }),
  instanceRoute({
    method: 'POST',
    path: '/v1/organizations',
    permission: 'instance.manage',
    describe: {
      summary: 'Make an organization',
      body: newOrganization,
      answers: { 201: one('Made'), 409: refusal('The name is taken') },
    },
    async handle(request, { organizations }) {
      const { name, displayName } = await bodyOf(request, newOrganization)
      return json(201, shapeOrganization(await organizations.create(name, displayName === undefined ? {} : { displayName })))
    },
  }),
  instanceRoute({
    method: 'GET',
    path: '/v1/organizations/{organization}',
    permission: 'instance.manage',
    describe: { summary: 'One organization', answers: { 200: one('As it stands'), 404: refusal('No such organization') } },
    handle: async ({ params }, { organizations }) => json(200, shapeOrganization(await organizations.get(params.organization))),
  }),
  instanceRoute({
    method: 'PATCH',
    path: '/v1/organizations/{organization}',
    permission: 'instance.manage',
    describe: {
      summary: 'Change an organization',
      body: change,
      answers: { 200: one('As it stands now'), 404: refusal('No such organization') },
    },
    async handle(request, { organizations }) {
      const patch = await bodyOf(request, change)
      return json(200, shapeOrganization(await organizations.update(request.params.organization, defined(patch))))
    },
  }),
  instanceRoute({
    method: 'DELETE',
    path: '/v1/organizations/{organization}',
    permission: 'instance.manage',
    describe: {
      summary: 'Remove an organization and everything in it',
      answers: { 204: { description: 'Gone' }, 404: refusal('No such organization') },
    },
    async handle({ params }, { organizations }) {
      await organizations.delete(params.organization)
      return empty(204)
    },
  }),
  instanceRoute({
    method: 'GET',
    path: '/v1/routes',
    permission: 'instance.manage',
    describe: {
      summary: 'Every route of every installed plugin',
      answers: {
        200: {
          description: 'All of them',
          body: z.array(
            z.strictObject({
              plugin: z.string(),
              mount: z.string(),
              method: z.string(),
              path: z.string(),
              permission: z.string(),
            }),
          ),
        },
      },
    },
    handle: async (_request, { routes }) => json(200, routes()),
  }),
]

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the fields that were not sent: absent and undefined are not the same below. */
export function defined<T extends object>(patch: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>
}
