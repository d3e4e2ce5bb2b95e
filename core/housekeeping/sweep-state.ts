import { randomHex } from '../runtime/identifiers.js'
import type { JsonObject } from '../runtime/json.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { asJson } from '../storage/storage-rows.js'
import { tenantKeys } from '../storage/tenant-keys.js'

/** What the sweeper does, each counted and, the first fifty, told with its reason. */
export type Deed =
  | 'condemn'
  | 'restore'
  | 'mark'
  | 'remove'
  | 'purge'
  | 'expire'
  | 'set-aside'
  | 'drop-aside'
  | 'drop-part'
  | 'mark-folder'
  | 'drop-folder'
  | 'forget-secret'
  | 'forget-deletion'
  | 'damaged'
  | 'recover'

export interface SweepTotals {
  blobs: number
  bytes: number
  /** Of these, what nothing names any more and waits for its end. */
  waitingBlobs?: number
  waitingBytes?: number
  /** Decided or removed in this run without an operator's leave. */
  doomedBlobs: number
  doomedBytes: number
}

/** Where a run of the sweeper stands. */
export interface SweepState {
  readonly started: number
  readonly dryRun: boolean
  readonly confirmed: boolean
  pass: 'count' | 'rows' | 'objects'
  /** Of the store's scan, or `{organization's name}/{folder}`; '' at the beginning of a pass. */
  cursor: string
  readonly totals: SweepTotals
  /** What was already decided, and would go in this run. */
  readonly due: { blobs: number; bytes: number }
  readonly counts: Partial<Record<Deed, number>>
  readonly samples: readonly JsonObject[]
}

/** The row of the sweeper: the release whose first run is over, and the run that is open. */
export interface SweepNote {
  readonly release?: string
  readonly open?: SweepState
}

export function freshState(started: number, dryRun: boolean, confirmed: boolean): SweepState {
  return {
    started,
    dryRun,
    confirmed,
    pass: 'count',
    cursor: '',
    totals: { blobs: 0, bytes: 0, doomedBlobs: 0, doomedBytes: 0 },
    due: { blobs: 0, bytes: 0 },
    counts: {},
    samples: [],
  }
}

export class SweepStates {
  constructor(private readonly metadata: MetadataStore) {}

  async read(): Promise<SweepNote | undefined> {
    return (await this.metadata.get(tenantKeys.choreState('sweep')))?.value as SweepNote | undefined
  }

  async write(note: SweepNote): Promise<void> {
    const value = asJson({ v: 1, ...note })
    await this.metadata.commit([{ op: 'put', key: tenantKeys.choreState('sweep'), value }], randomHex())
  }
}
