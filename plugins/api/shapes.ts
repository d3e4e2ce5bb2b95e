import type { ChoreStatus, FormatState, Group, Member, Organization, Repository, TokenRecord } from '#core'
import { formatScope, z } from '#core'
import { shapeSignInRules, signInShapes } from './sign-in-rules.js'

/** What the management interface says of each thing, in one place. Times are ISO 8601. */

export const quotaShape = z.strictObject({
  storageBytes: z
    .number()
    .int()
    .min(0)
    .meta({ description: 'Most that it may store: every kept version in full', examples: [10_737_418_240] }),
})
export const undoDaysShape = z
  .number()
  .int()
  .min(0)
  .max(90)
  .meta({ description: 'Days in which a delete can be undone; null: as the instance has it', examples: [14] })
export const minPasswordLengthShape = z
  .number()
  .int()
  .min(8)
  .max(64)
  .meta({ description: 'Characters that a new password has at least; null: 8', examples: [15] })
export const organizationShape = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    displayName: z.string().nullable(),
    status: z.enum(['active', 'suspended']),
    /** Why nothing is written; null where it is. */
    readOnly: z.string().nullable(),
    publicAllowed: z.boolean(),
    disabledFormats: z.array(z.string()),
    quota: quotaShape.nullable(),
    undoDays: undoDaysShape.nullable(),
    minPasswordLength: minPasswordLengthShape.nullable(),
    ...signInShapes,
    createdAt: z.string(),
  })
  .meta({ id: 'Organization' })
export const shapeOrganization = (one: Organization) => ({
  id: one.id,
  name: one.name,
  displayName: one.displayName ?? null,
  status: one.status,
  readOnly: one.readOnly ?? null,
  publicAllowed: one.publicAllowed,
  disabledFormats: one.disabledFormats,
  quota: one.quota ?? null,
  undoDays: one.undoDays ?? null,
  minPasswordLength: one.minPasswordLength ?? null,
  ...shapeSignInRules(one),
  createdAt: one.createdAt.toISOString(),
})

export const repositoryShape = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    format: z.string(),
    kind: z.enum(['hosted', 'proxy', 'group']),
    policy: z.enum(['release', 'snapshot', 'mixed']),
    public: z.boolean(),
    writePolicy: z.enum(['once', 'replace']),
    layoutPolicy: z.enum(['strict', 'permissive']),
    webdav: z.boolean(),
    portableNames: z.boolean(),
    indexPages: z.boolean(),
    verifySidecars: z.boolean(),
    maxSize: z.number().nullable(),
    host: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: 'Repository' })
export const shapeRepository = (one: Repository) => ({
  id: one.id,
  name: one.name,
  format: one.format,
  kind: one.kind,
  policy: one.policy,
  public: one.public,
  writePolicy: one.writePolicy,
  layoutPolicy: one.layoutPolicy,
  webdav: one.webdav ?? false,
  portableNames: one.portableNames ?? false,
  indexPages: one.indexPages ?? false,
  verifySidecars: one.verifySidecars ?? false,
  maxSize: one.maxSize ?? null,
  host: one.host ?? null,
  createdAt: one.createdAt.toISOString(),
})

export const memberShape = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['member', 'service']),
    email: z.string().nullable(),
    displayName: z.string().nullable(),
    role: z.enum(['owner', 'admin', 'developer', 'reader']).nullable(),
    status: z.enum(['active', 'inactive']),
    createdAt: z.string(),
  })
  .meta({ id: 'Member' })
export const shapeMember = (one: Member) => ({
  id: one.id,
  name: one.name,
  kind: one.kind,
  email: one.email ?? null,
  displayName: one.displayName ?? null,
  role: one.role ?? null,
  status: one.status,
  createdAt: one.createdAt.toISOString(),
})

export const groupShape = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    memberCount: z.number(),
    provisioned: z.boolean().meta({
      description: 'An identity provider keeps it: while one has a token that lives, nobody else changes its name or members',
    }),
    createdAt: z.string(),
  })
  .meta({ id: 'Group' })
export const shapeGroup = (one: Group) => ({
  id: one.id,
  name: one.name,
  memberCount: one.memberCount,
  provisioned: one.provisioned ?? false,
  createdAt: one.createdAt.toISOString(),
})

export const tokenShape = z
  .strictObject({
    id: z.string(),
    member: z.string(),
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    createdAt: z.string(),
    expiresAt: z.string(),
    lastUsedAt: z.string().nullable(),
  })
  .meta({ id: 'Token' })
export const shapeToken = (one: TokenRecord, member: string) => ({
  id: one.id,
  member,
  name: one.name,
  prefix: one.prefix,
  scopes: one.scopes.map(formatScope),
  createdAt: one.createdAt.toISOString(),
  expiresAt: one.expiresAt.toISOString(),
  lastUsedAt: one.lastUsedAt?.toISOString() ?? null,
})

export const formatShape = z.strictObject({ name: z.string(), version: z.string(), enabled: z.boolean() }).meta({ id: 'Format' })
export const shapeFormat = (one: FormatState) => ({ name: one.name, version: one.version, enabled: one.enabled })

/** Names where people wrote names; ids stay inside. */
export const grantShape = z
  .strictObject({
    subject: z.string(),
    repository: z.string(),
    level: z.enum(['read', 'write', 'delete', 'administer']),
    path: z.string().nullable(),
  })
  .meta({ id: 'Grant' })
export const routeShape = z
  .strictObject({ plugin: z.string(), mount: z.string(), method: z.string(), path: z.string(), permission: z.string() })
  .meta({ id: 'Route' })
/** RFC 9457; `code` is for programs. */
export const problemShape = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    /** Of a password that is not taken. */
    reasons: z.array(z.string()).optional(),
    /** Of all but a 401, which tells nobody apart. */
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem' })

export const choreShape = z
  .strictObject({
    name: z.string(),
    intervalSeconds: z.number(),
    running: z.boolean(),
    runs: z.number(),
    failures: z.number(),
    last: z
      .strictObject({
        at: z.string(),
        milliseconds: z.number(),
        outcome: z.enum(['done', 'failed', 'stopped']),
        result: z.record(z.string(), z.unknown()).nullable(),
        error: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Chore' })
export const shapeChore = ({ name, interval, running, runs, failures, last }: ChoreStatus) => ({
  name,
  intervalSeconds: interval / 1_000,
  running,
  runs,
  failures,
  last: last
    ? {
        at: last.at.toISOString(),
        milliseconds: last.milliseconds,
        outcome: last.outcome,
        result: last.result ?? null,
        error: last.error ?? null,
      }
    : null,
})
