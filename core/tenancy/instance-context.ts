import type { Readable } from 'node:stream'
import type { LoadedFeed } from '../advisories/advisory.js'
import type { Principal } from '../auth/principal.js'
import type { SignInRulesPatch } from '../auth/sign-in-rules.js'
import type { ChoreDesk } from '../housekeeping/chore.js'
import type { RouteRecord } from '../plugin/route-record.js'
import type { Logger } from '../runtime/logger.js'
import type { CountedUsage } from '../usage/usage-reader.js'
import type { Organization, Quota } from './organization.js'

/** The instance, for its operator: `api` alone. */
export interface InstanceContext {
  readonly principal: Principal
  readonly mountUrl: URL
  readonly log: Logger
  readonly organizations: OrganizationRegister
  /** What the house does for itself. */
  readonly chores: ChoreDesk
  readonly advisories: AdvisoryFeed
  /** Every route of every installed plugin. */
  routes(): readonly RouteRecord[]
}

/** The advisories of the instance, for all of its organizations. */
export interface AdvisoryFeed {
  /** Undefined where none was loaded. */
  status(): Promise<LoadedFeed | undefined>
  /** OSV records, one a line, in the place of what was loaded before, all or nothing. Throws `invalid` and `too-large` with the line. */
  load(feed: Readable): Promise<LoadedFeed>
  clear(): Promise<void>
}

export interface OrganizationRegister {
  list(query?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Organization>
  /** Throws `not-found`. */
  get(name: string): Promise<Organization>
  /** Throws `conflict` on a taken name, `invalid` on a malformed one. */
  create(name: string, options?: { readonly displayName?: string }): Promise<Organization>
  update(
    name: string,
    patch: SignInRulesPatch & {
      /** Its old address answers 404 from the next request on. Throws `conflict` on a taken name, `invalid` on a malformed one. */
      readonly name?: string
      readonly status?: Organization['status']
      readonly displayName?: string
      readonly publicAllowed?: boolean
      /** The reason, in words that clients show; null: it takes writes again. */
      readonly readOnly?: string | null
      /** null lifts it. Uploads that begin from now on are held to it. */
      readonly quota?: Quota | null
      /** 0 to 90 days; null: as the instance has it. What is deleted from now on is kept so long. Throws `invalid`. */
      readonly undoDays?: number | null
      /** 8 to 64 characters; null: 8. Passwords that are set from now on are held to it. Throws `invalid`. */
      readonly minPasswordLength?: number | null
    },
  ): Promise<Organization>
  /** Why the whole instance is read-only; undefined where it is not. */
  readOnly(): Promise<string | undefined>
  setReadOnly(reason: string | undefined): Promise<void>
  /** What each stores, by name; `usage` is absent until it was counted for the first time. */
  usage(query?: {
    readonly after?: string
    readonly limit?: number
  }): AsyncIterable<{ readonly organization: Organization; readonly usage?: CountedUsage }>
  /** It vanishes at once; what lies in it is cleaned up behind. */
  delete(name: string): Promise<void>
}
