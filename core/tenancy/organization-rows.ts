import { z } from 'zod'
import type { Entry } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import type { DeletedRepository, Grant } from './administration.js'
import type { Organization } from './organization.js'
import type { Repository } from './repository.js'

const v = z.literal(1)
const moment = z.iso.datetime()

const organizationRow = z.object({
  v,
  id: z.string(),
  name: z.string(),
  displayName: z.exactOptional(z.string()),
  status: z.enum(['active', 'suspended']),
  createdAt: moment,
  readOnly: z.exactOptional(z.string()),
  publicAllowed: z.boolean(),
  disabledFormats: z.array(z.string()),
  signingEpoch: z.exactOptional(z.number()),
  quota: z.exactOptional(z.object({ storageBytes: z.number() })),
  undoDays: z.exactOptional(z.number()),
  signIn: z.exactOptional(
    z.object({
      mfa: z.exactOptional(z.enum(['off', 'optional', 'required'])),
      requiredSince: z.exactOptional(moment),
      graceDays: z.exactOptional(z.number()),
      passwordsOnArtifacts: z.exactOptional(z.enum(['allowed', 'refused'])),
      codeOnPublish: z.exactOptional(z.boolean()),
      holdLeavers: z.exactOptional(z.boolean()),
    }),
  ),
  minPasswordLength: z.exactOptional(z.number()),
})
const repositoryRow = z.object({
  v,
  id: z.string(),
  name: z.string(),
  format: z.string(),
  kind: z.enum(['hosted', 'proxy', 'group']),
  public: z.boolean(),
  policy: z.enum(['release', 'snapshot', 'mixed']),
  writePolicy: z.enum(['once', 'replace']),
  layoutPolicy: z.enum(['strict', 'permissive']),
  webdav: z.exactOptional(z.boolean()),
  portableNames: z.exactOptional(z.boolean()),
  indexPages: z.exactOptional(z.boolean()),
  verifySidecars: z.exactOptional(z.boolean()),
  maxSize: z.exactOptional(z.number()),
  host: z.exactOptional(z.string()),
  createdAt: moment,
})
const deletedRow = z.object({
  v,
  repository: repositoryRow,
  deletedAt: moment,
  by: z.object({ kind: z.string(), id: z.string() }),
  reason: z.exactOptional(z.string()),
  purgeAfter: moment,
})
const grantRow = z.object({
  v,
  subject: z.object({ kind: z.enum(['member', 'service', 'group']), id: z.string() }),
  repository: z.string(),
  level: z.enum(['read', 'write', 'delete', 'administer']),
  path: z.exactOptional(z.string()),
})
const nameRow = z.object({ v, organization: z.string() })
const hostRow = z.object({ v, organization: z.string(), repository: z.string() })

export function readOrganization(entry: Entry): Organization {
  const { v: _, createdAt, signIn, ...rest } = readRow(organizationRow, entry)
  return { ...rest, ...(signIn === undefined ? {} : { signIn: rulesOf(signIn) }), createdAt: new Date(createdAt) }
}
function rulesOf({ requiredSince, ...rules }: NonNullable<z.output<typeof organizationRow>['signIn']>) {
  return { ...rules, ...(requiredSince === undefined ? {} : { requiredSince: new Date(requiredSince) }) }
}
export function organizationValue({ createdAt, disabledFormats, quota, signIn, ...rest }: Organization) {
  const limits = {
    ...(quota === undefined ? {} : { quota: { storageBytes: quota.storageBytes } }),
    ...(signIn === undefined ? {} : { signIn: rulesValue(signIn) }),
  }
  return { v: 1, ...rest, ...limits, createdAt: createdAt.toISOString(), disabledFormats: [...disabledFormats] }
}

function rulesValue({ requiredSince, ...rules }: NonNullable<Organization['signIn']>) {
  return { ...rules, ...(requiredSince === undefined ? {} : { requiredSince: requiredSince.toISOString() }) }
}

export function readRepository(entry: Entry): Repository {
  return repositoryOf(readRow(repositoryRow, entry))
}
function repositoryOf({ v: _, createdAt, ...rest }: z.output<typeof repositoryRow>): Repository {
  return { ...rest, createdAt: new Date(createdAt) }
}
export function repositoryValue({ createdAt, ...rest }: Repository) {
  return { v: 1, ...rest, createdAt: createdAt.toISOString() }
}

export function readDeletedRepository(entry: Entry): DeletedRepository {
  const { v: _, repository, deletedAt, purgeAfter, ...rest } = readRow(deletedRow, entry)
  const times = { deletedAt: new Date(deletedAt), purgeAfter: new Date(purgeAfter) }
  return { ...rest, repository: repositoryOf(repository), ...times }
}
export function deletedRepositoryValue({ repository, deletedAt, by, purgeAfter, ...rest }: DeletedRepository) {
  const times = { deletedAt: deletedAt.toISOString(), purgeAfter: purgeAfter.toISOString() }
  return { v: 1, ...rest, repository: repositoryValue(repository), by: { kind: by.kind, id: by.id }, ...times }
}

export function readGrant(entry: Entry): Grant {
  const { v: _, ...grant } = readRow(grantRow, entry)
  return grant
}
export function grantValue({ subject, ...rest }: Grant) {
  return { v: 1, subject: { kind: subject.kind, id: subject.id }, ...rest }
}
/** As grant keys carry it. */
export function subjectKey(subject: Grant['subject']): string {
  return `${subject.kind}:${subject.id}`
}

/** `. org {name}` → id. */
export function readOrganizationName(entry: Entry): string {
  return readRow(nameRow, entry).organization
}
/** `. host {name}` → ids. */
export function readHost(entry: Entry): { readonly organization: string; readonly repository: string } {
  return readRow(hostRow, entry)
}
export function hostValue(organization: string, repository: string) {
  return { v: 1, organization, repository }
}
