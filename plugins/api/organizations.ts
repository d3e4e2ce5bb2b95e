import { empty, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { defined } from './body.js'
import { inInstance } from './management-route.js'
import { displayNameShape, organizationNameShape } from './names.js'
import { page, pageOf, pageQuery } from './page.js'
import { minPasswordLengthShape, organizationShape, quotaShape, routeShape, shapeOrganization, undoDaysShape } from './shapes.js'
import { signInChange } from './sign-in-rules.js'

const one = (description: string) => answer(description, organizationShape)

const newOrganization = z
  .strictObject({ name: organizationNameShape, displayName: displayNameShape.optional() })
  .meta({ id: 'NewOrganization', examples: [{ name: 'delta' }] })
const reason = z
  .string()
  .min(1)
  .max(200)
  .nullable()
  .meta({ examples: ['moving house until noon'] })
const change = z
  .strictObject({
    /** The old address answers 404. */
    name: organizationNameShape.optional(),
    readOnly: reason.optional(),
    status: z.enum(['active', 'suspended']).optional(),
    displayName: displayNameShape.optional(),
    publicAllowed: z.boolean().optional(),
    quota: quotaShape.nullable().optional(),
    undoDays: undoDaysShape.nullable().optional(),
    minPasswordLength: minPasswordLengthShape.nullable().optional(),
    ...signInChange,
  })
  .meta({ id: 'OrganizationChange', examples: [{ displayName: 'Delta Ltd' }] })

const readOnlyShape = z.strictObject({ reason }).meta({ id: 'ReadOnly' })

/** Organizations of the instance, and its list of routes: for the operator. */
export const instanceRoutes = [
  inInstance({
    method: 'GET',
    path: '/v1/organizations',
    permission: 'instance.manage',
    summary: 'Organizations, by name',
    query: pageQuery,
    answers: { 200: pageOf(organizationShape) },
    handle: ({ query }, { organizations }) =>
      page(query, {
        place: 'organizations',
        list: (query) => organizations.list(query),
        keyOf: ({ name }) => name,
        shape: shapeOrganization,
      }),
  }),
  inInstance({
    method: 'POST',
    path: '/v1/organizations',
    permission: 'instance.manage',
    summary: 'Make an organization',
    body: newOrganization,
    answers: { 201: one('Made'), 409: refusal('The name is taken') },
    async handle({ body: { name, displayName } }, { organizations }) {
      return json(201, shapeOrganization(await organizations.create(name, displayName === undefined ? {} : { displayName })))
    },
  }),
  inInstance({
    method: 'GET',
    path: '/v1/organizations/{organization}',
    permission: 'instance.manage',
    summary: 'One organization',
    answers: { 200: one('As it stands'), 404: refusal('No such organization') },
    handle: async ({ params }, { organizations }) => json(200, shapeOrganization(await organizations.get(params.organization))),
  }),
  inInstance({
    method: 'PATCH',
    path: '/v1/organizations/{organization}',
    permission: 'instance.manage',
    summary: 'Change an organization',
    body: change,
    answers: { 200: one('As it stands now'), 404: refusal('No such organization'), 409: refusal('The name is taken') },
    handle: async ({ params, body }, { organizations }) =>
      json(200, shapeOrganization(await organizations.update(params.organization, defined(body)))),
  }),
  inInstance({
    method: 'DELETE',
    path: '/v1/organizations/{organization}',
    permission: 'instance.manage',
    summary: 'Remove an organization and everything in it',
    answers: {
      204: answer('Gone'),
      404: refusal('No such organization'),
      409: refusal('A legal hold forbids it'),
    },
    async handle({ params }, { organizations }) {
      await organizations.delete(params.organization)
      return empty(204)
    },
  }),
  inInstance({
    method: 'GET',
    path: '/v1/read-only',
    permission: 'instance.manage',
    summary: 'Whether the whole instance is read-only, and why',
    answers: { 200: answer('The reason, or null', readOnlyShape) },
    handle: async (_request, { organizations }) => json(200, { reason: (await organizations.readOnly()) ?? null }),
  }),
  inInstance({
    method: 'PUT',
    path: '/v1/read-only',
    permission: 'instance.manage',
    summary: 'Switch the whole instance to read-only, or back',
    body: readOnlyShape,
    answers: { 200: answer('As it stands now', readOnlyShape) },
    async handle({ body: { reason } }, { organizations }) {
      await organizations.setReadOnly(reason ?? undefined)
      return json(200, { reason })
    },
  }),
  inInstance({
    method: 'GET',
    path: '/v1/routes',
    permission: 'instance.manage',
    summary: 'Every route of every installed plugin',
    answers: { 200: answer('All of them', z.array(routeShape)) },
    handle: async (_request, { routes }) => json(200, routes()),
  }),
]
