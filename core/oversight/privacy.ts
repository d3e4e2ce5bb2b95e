import type { JsonObject } from '../runtime/json.js'
import type { Erasure, LegalHold } from './erasure-rows.js'

/** What is held about persons, for one caller. */
export interface Privacy {
  /** Everything about a member, in lines: members.manage; of an owner, organization.manage. Noted in the log. */
  exportMember(id: string): Promise<AsyncIterable<JsonObject>>

  /** The same of the caller: account.manage. Once a day: throws `throttled`. */
  exportOwn(): Promise<AsyncIterable<JsonObject>>
  /** Of the caller: account.manage. */
  requestOwnErasure(): Promise<Erasure>
  /** Throws `not-found` where none waits. */
  ownErasure(): Promise<Erasure>
  cancelOwnErasure(): Promise<Erasure>

  /** members.manage; organization.manage of an owner. Done by the house after 72 hours, in which it can be taken back, and within 30 days. The member of
   *  an id may be deleted already: what is left of it goes. Throws `not-found`, and `conflict` where one waits already. */
  requestErasure(member: string, reason?: string): Promise<Erasure>
  /** Throws `conflict` where it is done or was cancelled. */
  cancelErasure(id: string): Promise<Erasure>
  /** members.read, newest first. */
  listErasures(query?: { readonly after?: string }): AsyncIterable<Erasure>
  getErasure(id: string): Promise<Erasure>

  /** organization.manage: no person is erased, no audit row expires, and the organization cannot be deleted until it is lifted. */
  setHold(reason: string): Promise<LegalHold>
  liftHold(): Promise<void>
  /** organization.read. */
  hold(): Promise<LegalHold | undefined>
  /** What an erased member is called; undefined for everybody else. */
  nameOfErased(member: string): Promise<string | undefined>
}
