import { type Amount, type CountedUsage, json, type Organization, z } from '#core'
import { answer } from './answers.js'
import { inInstance, inOrganization } from './management-route.js'
import { page, pageOf, pageQuery } from './page.js'
import { quotaShape } from './shapes.js'

const amount = { storageBytes: z.number(), files: z.number(), versions: z.number() }
const totals = {
  storageBytes: z
    .number()
    .nullable()
    .meta({ description: 'null: not counted yet, for a minute after an older store is first opened' }),
  files: z.number().nullable(),
  versions: z.number().nullable(),
  quota: quotaShape.nullable(),
  reservedBytes: z.number().meta({ description: 'Of the quota, held for uploads' }),
  countedAt: z.string().nullable().meta({ description: 'When everything was last counted from scratch' }),
}
const usageShape = z
  .strictObject({
    organization: z.string(),
    ...totals,
    repositories: z.array(z.strictObject({ repository: z.string(), ...amount })),
  })
  .meta({ id: 'Usage' })
const organizationUsage = z.strictObject({ organization: z.string(), ...totals }).meta({ id: 'OrganizationUsage' })

const shapeAmount = ({ bytes, files, versions }: Amount) => ({ storageBytes: bytes, files, versions })
const shapeTotals = ({ name, quota }: Organization, usage: CountedUsage | undefined) => ({
  organization: name,
  ...(usage === undefined ? { storageBytes: null, files: null, versions: null } : shapeAmount(usage.total)),
  quota: quota ?? null,
  reservedBytes: usage?.reserved ?? 0,
  countedAt: usage?.countedAt.toISOString() ?? null,
})

/** What is stored: for an organization's own, and of all of them for the operator. */
export const usageRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/usage',
    permission: 'organization.read',
    summary: 'What the organization stores, and each repository that the caller may read',
    answers: { 200: answer('As it stands now', usageShape) },
    async handle(_request, { administration }) {
      const found = await administration.usage()
      const repositories = found?.repositories ?? []
      return json(200, {
        ...shapeTotals(await administration.organization(), found?.organization),
        repositories: repositories.map(({ name, stored }) => ({ repository: name, ...shapeAmount(stored) })),
      })
    },
  }),
]
export const instanceUsageRoutes = [
  inInstance({
    method: 'GET',
    path: '/v1/usage',
    permission: 'instance.manage',
    summary: 'What each organization stores, by name',
    query: pageQuery,
    answers: { 200: pageOf(organizationUsage) },
    handle: ({ query }, { organizations }) =>
      page(query, {
        place: 'usage',
        list: (query) => organizations.usage(query),
        keyOf: ({ organization }) => organization.name,
        shape: ({ organization, usage }) => shapeTotals(organization, usage),
      }),
  }),
]
