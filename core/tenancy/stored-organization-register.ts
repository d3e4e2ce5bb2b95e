import { inject, injectable } from 'tsyringe'
import { withRules } from '../auth/sign-in-rules.js'
import { conflict, forbidden, invalid, notFound } from '../errors/registry-error.js'
import { Clock } from '../runtime/clock.js'
import { newId, randomHex } from '../runtime/identifiers.js'
import { OrganizationKeys } from '../storage/encryption/keys.js'
import { type Entry, MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import { readUsage } from '../usage/usage-reader.js'
import { cursorAt, type UsageRow } from '../usage/usage-rows.js'
import { endEpoch } from './access-epoch.js'
import { type Caller, callerEntry } from './caller-log.js'
import type { OrganizationRegister } from './instance-context.js'
import { type Organization, organizationName, type Quota } from './organization.js'
import { OrganizationChange, untilSettled } from './organization-change.js'
import { organizationValue, readOrganization, readOrganizationName, readRepository } from './organization-rows.js'
import { ReadOnly, readOnlyRow } from './read-only.js'
import { removalReminders } from './removal-reminders.js'

type Operator = Caller
type Patch = Parameters<OrganizationRegister['update']>[1]
/** What may be changed where nothing else may: the way back, and keeping people out. */
const always: ReadonlySet<string> = new Set<keyof Patch>(['readOnly', 'status'])

/** Opens the register for the operator. */
@injectable()
export class StoredOrganizationRegister {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @inject(Clock) private readonly clock: Clock,
    @inject(ReadOnly) private readonly readOnly: ReadOnly,
  ) {}

  for(operator: Operator): OrganizationRegister {
    return new OperatorRegister(this.store, this.keys, this.clock, operator, this.readOnly)
  }
}

class OperatorRegister implements OrganizationRegister {
  constructor(
    private readonly store: MetadataStore,
    private readonly keys: OrganizationKeys,
    private readonly clock: Clock,
    private readonly operator: Operator,
    private readonly instance: ReadOnly,
  ) {}

  /** By name; `after` is the name of the last one seen. */
  async *list(query: { readonly after?: string; readonly limit?: number } = {}): AsyncIterable<Organization> {
    this.requireOperator()
    let left = query.limit ?? Number.POSITIVE_INFINITY
    if (left <= 0) return
    const after = query.after === undefined || query.after === '' ? {} : { after: [query.after] }
    for await (const entry of this.store.range(tenantKeys.organizations(), after)) {
      const row = await this.store.get(tenantKeys.organization(readOrganizationName(entry)))
      if (row === undefined) continue
      yield readOrganization(row)
      left -= 1
      if (left === 0) return
    }
  }

  async get(name: string): Promise<Organization> {
    this.requireOperator()
    return readOrganization(await this.read(name))
  }

  async create(name: string, options: { readonly displayName?: string } = {}): Promise<Organization> {
    this.requireOperator()
    checkedName(name)
    await this.instance.holdInstance()
    const taken = conflict('An organization of this name exists already', { detail: { field: 'name' } })
    // Looked at first, so that a repeat leaves no keys behind; the commit decides.
    if ((await this.store.get(tenantKeys.organizationName(name))) !== undefined) throw taken
    const organization: Organization = {
      id: newId('o'),
      name,
      ...(options.displayName === undefined ? {} : { displayName: checkedDisplayName(options.displayName) }),
      status: 'active',
      createdAt: this.clock.now(),
      publicAllowed: true,
      disabledFormats: [],
    }
    const { id } = organization
    // Keys first: an organization that exists can always seal what it is given.
    await this.keys.create(id)
    const reference = { v: 1, organization: id }
    try {
      await untilSettled(() =>
        this.change('organization.create', id)
          .put(tenantKeys.organizationName(name), reference, 'absent', taken)
          .put(tenantKeys.organizationEntry(name), reference, 'absent', taken)
          .put(tenantKeys.organization(id), organizationValue(organization), 'absent')
          // Nothing is stored yet, and everything that will be stands in the log behind this moment.
          .put(tenantKeys.usage(id), { ...uncounted(this.clock.now()) }, 'absent')
          .commit(),
      )
    } catch (thrown) {
      // Nothing was ever sealed by them. A commit whose outcome is unknown keeps its keys.
      if (thrown === taken) await this.keys.destroy(id)
      throw thrown
    }
    return organization
  }

  async update(name: string, patch: Patch): Promise<Organization> {
    this.requireOperator()
    return untilSettled(async () => {
      const entry = await this.read(name)
      const organization = readOrganization(entry)
      if (Object.keys(patch).some((field) => !always.has(field))) await this.instance.hold(organization)
      const { quota, undoDays, minPasswordLength, signIn, ...rest } = organization
      const before: Organization = {
        ...rest,
        ...(quota === undefined || patch.quota === null ? {} : { quota }),
        ...(undoDays === undefined || patch.undoDays === null ? {} : { undoDays }),
        ...(minPasswordLength === undefined || patch.minPasswordLength === null ? {} : { minPasswordLength }),
        ...withRules(signIn, patch, this.clock.now()),
      }
      const after: Organization = {
        ...before,
        ...(patch.status === undefined ? {} : { status: patch.status }),
        ...(patch.displayName === undefined ? {} : { displayName: checkedDisplayName(patch.displayName) }),
        ...(patch.publicAllowed === undefined ? {} : { publicAllowed: patch.publicAllowed }),
        ...(patch.quota === undefined || patch.quota === null ? {} : { quota: checkedQuota(patch.quota) }),
        ...(typeof patch.undoDays === 'number' ? { undoDays: checkedDays(patch.undoDays) } : {}),
        ...(typeof patch.minPasswordLength === 'number' ? { minPasswordLength: checkedMinimum(patch.minPasswordLength) } : {}),
        ...(patch.name === undefined ? {} : { name: checkedName(patch.name) }),
        ...(typeof patch.readOnly === 'string' ? { readOnly: checkedReason(patch.readOnly) } : {}),
      }
      const { readOnly: _, ...writable } = after
      const change = this.change('organization.update', before.id, Object.keys(patch))
      change.put(entry.key, organizationValue(patch.readOnly === null ? writable : after), { revision: entry.revision })
      if (after.name !== before.name) moveName(change, before, after.name)
      await change.commit()
      return patch.readOnly === null ? writable : after
    })
  }

  async *usage(query: { readonly after?: string; readonly limit?: number } = {}) {
    for await (const organization of this.list(query)) {
      const usage = await readUsage(this.store, organization.id)
      yield usage === undefined ? { organization } : { organization, usage }
    }
  }

  async readOnly(): Promise<string | undefined> {
    this.requireOperator()
    return this.instance.reason()
  }

  async setReadOnly(reason: string | undefined): Promise<void> {
    this.requireOperator()
    const { principal, requestId } = this.operator
    const by = 'id' in principal ? principal.id : principal.kind
    const value = { v: 1, reason: checkedReason(reason ?? '-'), at: this.clock.now().getTime(), by, request: requestId }
    await this.store.commit(reason === undefined ? readOnlyRow.delete() : readOnlyRow.put(value), randomHex())
  }

  /** Its own row goes first, and with it its address, its members' credentials and every right; keys and bytes follow with the clean-up. */
  async delete(name: string): Promise<void> {
    this.requireOperator()
    const id = await untilSettled(async () => {
      const entry = await this.read(name)
      const organization = readOrganization(entry)
      await this.instance.hold(organization)
      const change = this.change('organization.delete', organization.id, [], true)
        .delete(entry.key, { revision: entry.revision })
        .delete(tenantKeys.organizationName(name), 'present')
        .delete(tenantKeys.organizationEntry(name))
        .check(tenantKeys.legalHold(organization.id), 'absent', conflict('A legal hold forbids that anything of it is deleted'))
      for (const { key, value } of removalReminders(organization.id, '-', this.clock.now())) change.put(key, value)
      await change.commit()
      return organization.id
    })
    await this.releaseHosts(id)
  }

  /** Host names lead nowhere once the organization is gone; given back, so that another repository can take them. */
  private async releaseHosts(org: string): Promise<void> {
    for await (const entry of this.store.range(tenantKeys.organizationRows(org), { prefix: ['repository'] })) {
      const { host } = readRepository(entry)
      if (host === undefined) continue
      await untilSettled(() => this.change('organization.delete', org, ['host'], true).delete(tenantKeys.host(host)).commit())
    }
  }

  private async read(name: string): Promise<Entry> {
    const missing = notFound('organization', name.slice(0, 80))
    const reference = organizationName.test(name) ? await this.store.get(tenantKeys.organizationName(name)) : undefined
    if (reference === undefined) throw missing
    const entry = await this.store.get(tenantKeys.organization(readOrganizationName(reference)))
    if (entry === undefined) throw missing
    return entry
  }

  private change(action: string, id: string, changes: readonly string[] = [], ending = false): OrganizationChange {
    const entry = callerEntry(this.operator, this.clock.now(), action, { kind: 'organization', id }, changes)
    return ending ? new OrganizationChange(this.store, id, entry, endEpoch) : new OrganizationChange(this.store, id, entry)
  }

  private requireOperator(): void {
    if (this.operator.principal.kind !== 'operator') throw forbidden('Organizations are managed by the operator of the instance')
  }
}

function uncounted(now: Date): UsageRow {
  const countedAt = now.getTime()
  return { v: 1, cursor: cursorAt(countedAt - 1), bytes: 0, reserved: 0, countedAt }
}

function checkedQuota({ storageBytes }: Quota): Quota {
  if (Number.isSafeInteger(storageBytes) && storageBytes >= 0) return { storageBytes }
  throw invalid('A quota is a whole number of bytes', { detail: { field: 'quota.storageBytes' } })
}

function checkedDays(days: number): number {
  if (Number.isInteger(days) && days >= 0 && days <= 90) return days
  throw invalid('Deletes can be undone for 0 to 90 whole days', { detail: { field: 'undoDays' } })
}

function checkedMinimum(length: number): number {
  if (Number.isInteger(length) && length >= 8 && length <= 64) return length
  throw invalid('A password can be asked to have 8 to 64 characters', { detail: { field: 'minPasswordLength' } })
}

/** In one commit with its row: who comes by the old name finds nothing, and the new one is nobody else's. */
function moveName(change: OrganizationChange, { id, name: before }: Organization, after: string): void {
  const reference = { v: 1, organization: id }
  const taken = conflict('An organization of this name exists already', { detail: { field: 'name' } })
  change
    .delete(tenantKeys.organizationName(before), 'present')
    .delete(tenantKeys.organizationEntry(before))
    .put(tenantKeys.organizationName(after), reference, 'absent', taken)
    .put(tenantKeys.organizationEntry(after), reference, 'absent', taken)
}

function checkedName(name: string): string {
  if (organizationName.test(name)) return name
  throw invalid(`Not an organization name (lowercase letters, digits and '-', 63 at most): ${name.slice(0, 80)}`, {
    detail: { field: 'name' },
  })
}

/** It stands in answers and in a reason phrase. */
function checkedReason(reason: string): string {
  if (reason !== '' && reason.length <= 200 && !/\p{Cc}/u.test(reason)) return reason
  throw invalid('A reason has 1 to 200 printing characters', { detail: { field: 'readOnly' } })
}

function checkedDisplayName(name: string): string {
  if (name !== '' && name.length <= 256 && !/\p{Cc}/u.test(name)) return name
  throw invalid('A display name has 1 to 256 printing characters', { detail: { field: 'displayName' } })
}
