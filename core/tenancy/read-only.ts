import { inject, injectable } from 'tsyringe'
import { type RegistryError, unavailable } from '../errors/registry-error.js'
import { CopiedRow } from '../storage/copied-row.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Organization } from './organization.js'

export const readOnlyRow = new CopiedRow(tenantKeys.readOnly)

/** Why nothing is written, for the whole instance: a row that every process reads before it writes. Of an organization it stands in its own row. */
@injectable()
export class ReadOnly {
  constructor(@inject(MetadataStore) private readonly store: MetadataStore) {}

  /** The instance's reason; undefined where it takes writes. */
  async reason(): Promise<string | undefined> {
    const entry = await readOnlyRow.read(this.store)
    return (entry?.value as { readonly reason?: string } | undefined)?.reason
  }

  /** Throws `unavailable` where organization or instance are read-only, with the reason in the words that clients show. */
  async hold({ readOnly }: Organization): Promise<void> {
    if (readOnly !== undefined) throw refusal('This organization is read-only', readOnly)
    await this.holdInstance()
  }

  /** The same for what is of no organization. */
  async holdInstance(): Promise<void> {
    const reason = await this.reason()
    if (reason !== undefined) throw refusal('This server is read-only', reason)
  }
}

function refusal(what: string, reason: string): RegistryError {
  const message = `${what}: ${reason}`
  return unavailable(message, 300, { detail: { code: 'read-only', title: message, reason: message } })
}
