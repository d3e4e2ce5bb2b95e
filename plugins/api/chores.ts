import { json, z } from '#core'
import { answer, refusal } from './answers.js'
import { inInstance } from './management-route.js'
import { choreShape, shapeChore } from './shapes.js'

/** A run that takes longer goes on behind the answer. */
const patience = 20_000
const wishes = z.strictObject({ dryRun: z.boolean().optional(), confirmed: z.boolean().optional() }).meta({ id: 'ChoreRun' })

/** What the house does for itself: for the operator. */
export const choreRoutes = [
  inInstance({
    method: 'GET',
    path: '/v1/chores',
    permission: 'instance.manage',
    summary: 'Everything that the house does for itself, and when it last did',
    answers: { 200: answer('All of them', z.array(choreShape)) },
    handle: async (_request, { chores }) => json(200, (await chores.list()).map(shapeChore)),
  }),
  inInstance({
    method: 'GET',
    path: '/v1/chores/{chore}',
    permission: 'instance.manage',
    summary: 'One chore',
    answers: { 200: answer('As it stands', choreShape) },
    handle: async ({ params }, { chores }) => json(200, shapeChore(await chores.get(params.chore))),
  }),
  inInstance({
    method: 'POST',
    path: '/v1/chores/{chore}/run',
    permission: 'instance.manage',
    summary: 'Run a chore now',
    body: wishes,
    answers: {
      200: answer('It has run, or is running', choreShape),
      409: refusal('It runs on another process at the moment'),
    },
    async handle({ params, body: { dryRun = false, confirmed = false }, id }, { chores, log }) {
      log.info('chore.asked', { chore: params.chore, dryRun, confirmed, requestId: id })
      return json(200, shapeChore((await chores.run(params.chore, { dryRun, confirmed }, patience)).status))
    },
  }),
]
