import { readScimTokenListing } from '../auth/token-rows.js'
import { readOwners } from '../directory/member-rows.js'
import type { Chore, ChoreWork } from '../housekeeping/chore.js'
import type { Suspension } from '../housekeeping/clock-watch.js'
import type { MailPost } from '../mail/mail-post.js'
import type { Clock } from '../runtime/clock.js'
import type { JsonObject } from '../runtime/json.js'
import type { Entry, MetadataStore, Mutation } from '../storage/metadata-store.js'
import { commitUnlessMoved } from '../storage/optimistic.js'
import { tenantKeys } from '../storage/tenant-keys.js'

const day = 86_400_000
/** So many days before its end. */
const stages = [1, 7, 30]
const ownersTold = 50

export interface ScimTokenLettersParts {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly post: MailPost
  readonly suspension: Suspension
}

/** Tells owners 30, 7 and 1 days before the end of an identity provider's token: a provider whose token is dead removes nobody's access any more. */
export class ScimTokenLetters implements Chore {
  readonly name = 'scim-tokens'
  readonly interval = day / 4

  constructor(private readonly parts: ScimTokenLettersParts) {}

  async run({ lease, signal }: ChoreWork): Promise<JsonObject | undefined> {
    const { store, suspension } = this.parts
    if ((await suspension()) !== undefined) return undefined
    let told = 0
    for await (const { value } of store.range(tenantKeys.organizations(), {})) {
      const { organization: org } = value as { readonly organization: string }
      for await (const entry of store.range(tenantKeys.organizationRows(org), { prefix: ['scim-token'] })) {
        if (signal.aborted) return { told }
        lease.check()
        const letters = await this.letters(org, entry)
        if (letters.length > 0 && (await commitUnlessMoved(store, [lease.guard(), ...letters]))) told += 1
      }
    }
    return told > 0 ? { told } : undefined
  }

  /** With the row that says they were written; none where there is nothing new to tell, or nobody to tell it to. */
  private async letters(org: string, entry: Entry): Promise<readonly Mutation[]> {
    const { store, clock, post } = this.parts
    const now = clock.now()
    const row = readScimTokenListing(entry)
    const { id: token, connection, expiresAt } = row
    const left = Date.parse(expiresAt) - now.getTime()
    const stage = stages.find((days) => left <= days * day)
    if (left <= 0 || stage === undefined || (row.toldDays !== undefined && row.toldDays <= stage)) return []
    const owners = await store.get(tenantKeys.owners(org))
    const letters = (owners === undefined ? [] : readOwners(owners).slice(0, ownersTold)).flatMap((member) =>
      post.letters(org, { kind: 'scim-token-ends', member, token, connection, expiresAt }, now),
    )
    if (letters.length === 0) return []
    return [{ op: 'put', key: entry.key, value: { ...row, toldDays: stage }, if: { revision: entry.revision } }, ...letters]
  }
}
