import { type CleanupItem, type CleanupRules, type CleanupState, empty, itemKey, json, notFound, z } from '#core'
import { answer, refusal } from './answers.js'
import { defined } from './body.js'
import { inOrganization } from './management-route.js'
import { page, pageOf, pageQuery } from './page.js'

const count = (most: number) => z.number().int().min(0).max(most)
const patterns = z.array(z.string().min(1).max(200)).max(50)
const rulesShape = z
  .strictObject({
    olderThanDays: count(36_500).optional(),
    notDownloadedForDays: count(36_500).optional(),
    keepVersions: count(100_000).min(1).optional(),
    keepBuilds: count(100_000).min(1).optional(),
    releases: z.boolean().optional(),
    include: patterns.optional(),
    exclude: patterns.optional(),
    delayDays: count(365).optional(),
  })
  .meta({ id: 'CleanupRules', examples: [{ olderThanDays: 90, keepVersions: 5, delayDays: 7 }] })
const change = z.strictObject({ rules: rulesShape, activate: z.boolean().optional() }).meta({ id: 'CleanupChange' })
const trial = z.strictObject({ rules: rulesShape.optional() }).meta({ id: 'CleanupTrial' })
const stateShape = z
  .strictObject({ rules: rulesShape, changedAt: z.string(), activeFrom: z.string() })
  .meta({ id: 'CleanupState' })
const itemShape = z
  .strictObject({
    package: z.string(),
    version: z.string(),
    build: z.string().nullable(),
    publishedAt: z.string(),
    reason: z.string(),
    goesAt: z.string(),
  })
  .meta({ id: 'CleanupItem' })

const shapeState = ({ rules, changedAt, activeFrom }: CleanupState) => ({
  rules,
  changedAt: changedAt.toISOString(),
  activeFrom: activeFrom.toISOString(),
})
const shapeItem = ({ package: pkg, version, build, publishedAt, reason, goesAt }: CleanupItem) => ({
  package: pkg,
  version,
  build: build ?? null,
  publishedAt: publishedAt.toISOString(),
  reason,
  goesAt: goesAt.toISOString(),
})
const plain = (rules: z.output<typeof rulesShape>) => defined(rules) as CleanupRules
const missing = { 404: refusal('No such repository, or no rules') }

/** Retention of a repository: what goes by itself, tried before it is done. */
export const cleanupRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/repositories/{repository}/cleanup',
    permission: 'repositories.manage',
    summary: 'What of a repository goes by itself',
    answers: { 200: answer('The rules', stateShape), ...missing },
    async handle({ params }, { lifecycle }) {
      const state = await lifecycle.cleanupRules(params.repository)
      if (state === undefined) throw notFound('cleanup rules', params.repository)
      return json(200, shapeState(state))
    },
  }),
  inOrganization({
    method: 'PUT',
    path: '/v1/repositories/{repository}/cleanup',
    permission: 'repositories.manage',
    summary: 'Set what of a repository goes by itself, from a day later on',
    body: change,
    answers: { 200: answer('As they stand now', stateShape), ...missing },
    handle: async ({ params, body: { rules, activate } }, { lifecycle }) =>
      json(200, shapeState(await lifecycle.setCleanupRules(params.repository, plain(rules), activate ?? false))),
  }),
  inOrganization({
    method: 'DELETE',
    path: '/v1/repositories/{repository}/cleanup',
    permission: 'repositories.manage',
    summary: 'Let nothing go by itself',
    answers: { 204: answer('Gone'), ...missing },
    async handle({ params }, { lifecycle }) {
      await lifecycle.removeCleanupRules(params.repository)
      return empty(204)
    },
  }),
  inOrganization({
    method: 'POST',
    path: '/v1/repositories/{repository}/cleanup/preview',
    permission: 'repositories.manage',
    summary: 'What would go, why and when: by the rules that stand, or by those that are sent',
    query: pageQuery,
    body: trial,
    answers: { 200: pageOf(itemShape), ...missing },
    handle: ({ params, query, body: { rules } }, { organization, lifecycle }) =>
      page(query, {
        place: `${organization.id} cleanup ${params.repository}`,
        list: ({ after }) => lifecycle.previewCleanup(params.repository, rules && plain(rules), after),
        keyOf: itemKey,
        shape: shapeItem,
      }),
  }),
]
