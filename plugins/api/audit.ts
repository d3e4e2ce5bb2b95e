import { type ChainedRecord, invalid, json, z } from '#core'
import { answer, refusal } from './answers.js'
import { jsonLines, linesAnswer } from './json-lines.js'
import { inOrganization } from './management-route.js'
import { pageOf, pageQuery, sayCursor, takeCursor } from './page.js'

const moment = z.iso.datetime({ offset: true })
const name = z.string().min(1).max(254)
const hash = z.string().meta({ description: 'sha256:…' })
const place = z.strictObject({ seq: z.number().int(), hash }).meta({ id: 'ChainPlace' })
const entryShape = z
  .strictObject({
    seq: z.number().int(),
    time: z.string(),
    actor: z.strictObject({ kind: z.string(), id: z.string(), credential: z.string().optional() }),
    action: z.string(),
    target: z.strictObject({ kind: z.string(), id: z.string() }).nullable(),
    result: z.enum(['ok', 'refused']),
    reason: z.string().nullable(),
    methods: z.array(z.string()),
    changes: z.array(z.string()),
    omitted: z.number().meta({ description: 'Names of changes that are left out' }),
    effects: z.record(z.string(), z.number()),
    count: z.number().meta({ description: 'So many alike in a minute, of which this is the one row' }),
    request: z.string().nullable(),
    source: z.strictObject({ ip: z.string(), agent: z.string().nullable() }).nullable(),
    hash,
  })
  .meta({ id: 'AuditEntry' })
const stateShape = z.strictObject({ organization: z.string(), head: place, anchor: place }).meta({ id: 'AuditHead' })
const verdictShape = z
  .strictObject({
    organization: z.string(),
    rows: z.number().int(),
    begin: place,
    end: place,
    fault: z.strictObject({ kind: z.string(), seq: z.number().int(), words: z.string() }).nullable(),
  })
  .meta({ id: 'AuditVerdict' })

const listQuery = pageQuery.extend({
  from: moment.optional().meta({ description: 'Rows of this time and later, ISO 8601' }),
  to: moment.optional().meta({ description: 'Rows up to this time' }),
  actor: name.optional().meta({ description: 'Id of who did it, or a name or e-mail address' }),
  action: name.optional().meta({ description: 'Word of the act, such as token.issue, or what it begins with: token' }),
  target: name.optional().meta({ description: 'Id of what it was done to, or the name of a member, group or repository' }),
  result: z.enum(['ok', 'refused']).optional().meta({ description: 'Only what was done, or only what was refused' }),
})
const exportQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,10}$/)
    .optional()
    .meta({ description: 'Number of the last row that was exported before' }),
})

/** Who did what: owners, admins, and service accounts whose token has the scope audit:read. */
export const auditRoutes = [
  inOrganization({
    method: 'GET',
    path: '/v1/audit',
    permission: 'audit.read',
    summary: 'The audit log, newest first. A page may have fewer rows than asked for, or none, and still a next one',
    query: listQuery,
    answers: { 200: pageOf(entryShape) },
    async handle({ query: { limit, cursor, from, to, actor, action, target, result } }, { organization, audit }) {
      const at = `${organization.id} audit`
      const after = takeCursor(at, cursor)
      const before = after === undefined ? undefined : Number(after)
      if (before !== undefined && !Number.isSafeInteger(before))
        throw invalid('The cursor is none of this list', { detail: { field: 'cursor' } })
      const { rows, next } = await audit.list({
        limit,
        ...(before === undefined ? {} : { before }),
        ...(from === undefined ? {} : { from: new Date(from) }),
        ...(to === undefined ? {} : { to: new Date(to) }),
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { action }),
        ...(target === undefined ? {} : { target }),
        ...(result === undefined ? {} : { result }),
      })
      return json(200, { items: rows.map(shapeEntry), next: next === undefined ? null : sayCursor(at, String(next)) })
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/audit/head',
    permission: 'audit.read',
    summary: 'Where the chain ends: to be kept elsewhere, as a witness',
    answers: { 200: answer('As it stands', stateShape) },
    async handle(_request, { organization, audit }) {
      const { head, anchor } = await audit.state()
      return json(200, { organization: organization.name, head, anchor })
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/audit/verify',
    permission: 'audit.read',
    summary: 'The chain as it is stored, recomputed by the server; an export can be recomputed by anybody',
    answers: { 200: answer('What was found', verdictShape) },
    async handle(_request, { organization, audit }) {
      const { rows, begin, end, fault } = await audit.verify()
      const first = begin === undefined ? end : { seq: begin.seq, hash: begin.hash }
      return json(200, { organization: organization.name, rows, begin: first, end, fault: fault ?? null })
    },
  }),
  inOrganization({
    method: 'GET',
    path: '/v1/audit/export',
    permission: 'audit.read',
    session: { fresh: true },
    summary: 'Rows of the audit log as JSON lines, oldest first: where it begins, the rows with their hashes, where it ends',
    query: exportQuery,
    answers: {
      200: linesAnswer,
      404: refusal('No such row'),
    },
    async handle({ query: { after } }, { audit }) {
      return jsonLines('audit.jsonl', await audit.export(after === undefined ? undefined : Number(after)))
    },
  }),
]

const shapeEntry = ({ record, origin, hash }: ChainedRecord) => ({
  seq: record.seq,
  time: record.time,
  actor: record.actor,
  action: record.action,
  target: record.target ?? null,
  result: record.result,
  reason: record.reason ?? null,
  methods: record.methods ?? [],
  changes: record.changes ?? [],
  omitted: record.omitted ?? 0,
  effects: record.effects ?? {},
  count: record.count ?? 1,
  request: record.request ?? null,
  source: origin === undefined ? null : { ip: origin.ip, agent: origin.agent ?? null },
  hash,
})
