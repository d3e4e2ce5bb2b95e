import type { ChainVerdict, ExportLine } from '../audit/chain-check.js'
import type { ChainedRecord, ChainPlace } from '../audit/chain-rows.js'
import type { Leaver } from '../directory/leaver-rows.js'
import type { Reviewed, ReviewQuery } from './access-review.js'
import type { ReviewedToken, TokenReviewQuery } from './token-review.js'

export interface AuditQuery {
  readonly from?: Date
  readonly to?: Date
  /** An id, that of a token too, a member's name or e-mail address, or an identity provider's name. */
  readonly actor?: string
  /** 'token.issue', or what it begins with up to a dot: 'token'. */
  readonly action?: string
  /** An id, or the name of a member, group or repository. */
  readonly target?: string
  readonly result?: 'ok' | 'refused'
  /** Rows before this number. */
  readonly before?: number
  readonly limit: number
}
/** Newest first. `next`: number of the last row that was looked at, where there are more; a page may have fewer rows than asked for, or none. */
export interface AuditPage {
  readonly rows: readonly ChainedRecord[]
  readonly next?: number
}
export interface ChainState {
  readonly org: string
  readonly head: ChainPlace
  /** The last row that retention took: the first one left follows it. */
  readonly anchor: ChainPlace
}

/** The audit log of one organization for one caller. Each call needs audit.read. What was committed before a call is seen by it. */
export interface AuditTrail {
  list(query: AuditQuery): Promise<AuditPage>
  state(): Promise<ChainState>
  /** Everything behind row `after`, from the anchor where it is not said; noted in the log itself. Throws `not-found` for a row that is not there. */
  export(after?: number): Promise<AsyncIterable<ExportLine>>
  /** The chain as it lies in the store, recomputed. */
  verify(): Promise<ChainVerdict>

  /** Newest first, with the names of those who are still members; `after`: id of the last one seen. */
  leavers(query?: { readonly after?: string }): AsyncIterable<Leaver & { readonly name?: string }>
  /** Who can do what, by the name of the member. Throws `not-found` for a repository that is none. */
  accessReview(query: ReviewQuery): AsyncIterable<Reviewed>
  /** Tokens against which there is something to say. */
  tokenReview(query: TokenReviewQuery): AsyncIterable<ReviewedToken>
}
