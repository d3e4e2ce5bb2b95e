import { throttled } from '../errors/registry-error.js'
import type { MetadataStore, Mutation } from './metadata-store.js'
import { isLostRace } from './optimistic.js'
import { row } from './storage-rows.js'
import { tenantKeys } from './tenant-keys.js'
import type { SlotRow } from './upload-rows.js'

const attempts = 5

/** The quota of unfinished uploads as places that can be taken: a row each, so that two processes cannot give one away twice, and nothing is counted
 *  that could be miscounted. */
export class UploadSlots {
  constructor(
    private readonly metadata: MetadataStore,
    private readonly places: number,
  ) {}

  /** Finds a free place; `commit` takes it together with what needs it. Throws `throttled` where all are taken. */
  async take(
    org: string,
    caller: string,
    session: string,
    commit: (slot: string, taking: Mutation) => Promise<void>,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { slot, taking } = await this.free(org, caller, session)
      try {
        await commit(slot, taking)
        return
      } catch (thrown) {
        if (!isLostRace(thrown) || attempt === attempts) throw thrown
      }
    }
  }

  giveBack(org: string, caller: string, slot: string | undefined): readonly Mutation[] {
    return slot === undefined ? [] : [{ op: 'delete', key: tenantKeys.uploadSlot(org, caller, slot) }]
  }

  private async free(org: string, caller: string, session: string): Promise<{ slot: string; taking: Mutation }> {
    const value: SlotRow = { v: 1, session }
    const taken = new Map<string, { readonly session: string; readonly revision: string }>()
    for await (const { key, value: held, revision } of this.metadata.range(tenantKeys.uploadSlots(org, caller), {}))
      taken.set(key.path[0] ?? '', { session: row<SlotRow>(held).session, revision })
    // From anywhere on, so that those who begin at once do not all reach for one place.
    const first = Math.floor(Math.random() * this.places)
    for (let at = 0; at < this.places; at++) {
      const slot = String((first + at) % this.places)
      if (!taken.has(slot))
        return { slot, taking: { op: 'put', key: tenantKeys.uploadSlot(org, caller, slot), value, if: 'absent' } }
    }
    for (const [slot, { session: holder, revision }] of taken) {
      // Its upload was collected by somebody who knows nothing of places.
      if ((await this.metadata.get(tenantKeys.intent(org, holder))) === undefined)
        return { slot, taking: { op: 'put', key: tenantKeys.uploadSlot(org, caller, slot), value, if: { revision } } }
    }
    throw throttled(`There are ${this.places} unfinished uploads already; finish or remove one`, 60)
  }
}
