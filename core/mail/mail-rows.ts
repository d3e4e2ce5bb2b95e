import { z } from 'zod'
import { timeOrderedId } from '../runtime/identifiers.js'
import type { Entry, Key, Mutation } from '../storage/metadata-store.js'
import { readRow } from '../storage/row-reader.js'
import { shardOf, tenantKeys } from '../storage/tenant-keys.js'

/** What is to be said, by ids: the letter is written when it goes out. No secret stands here, and no address that another row could tell. */
const subject = z.discriminatedUnion('kind', [
  /** Somebody who names this login wants another password; perhaps nobody has it. */
  z.object({ kind: z.literal('reset'), login: z.string() }),
  /** `session`: the one that waits for the code. */
  z.object({ kind: z.literal('sign-in'), member: z.string(), session: z.string() }),
  z.object({ kind: z.literal('invite'), invitation: z.string(), nonce: z.string() }),
  z.object({ kind: z.literal('verify-email'), member: z.string() }),
  z.object({ kind: z.literal('change-email'), member: z.string(), email: z.string(), epoch: z.string() }),
  /** To the address that was given up. */
  z.object({ kind: z.literal('email-changed'), member: z.string(), email: z.string() }),
  z.object({
    kind: z.literal('second-factor'),
    member: z.string(),
    what: z.enum(['set-up', 'removed', 'reset', 'recovery-code']),
  }),
  /** To each owner: an identity provider takes the access of unusually many. */
  z.object({
    kind: z.literal('many-leavers'),
    member: z.string(),
    connection: z.string(),
    leavers: z.number(),
    users: z.number(),
    held: z.boolean(),
  }),
  /** To each owner: an identity provider's token ends soon. */
  z.object({
    kind: z.literal('scim-token-ends'),
    member: z.string(),
    token: z.string(),
    connection: z.string(),
    expiresAt: z.string(),
  }),
  z.object({ kind: z.literal('password-changed'), member: z.string(), by: z.enum(['self', 'reset', 'administrator']) }),
])
/** Who asked, for the log that tells of the letter: gone with the row. */
const asked = z.object({
  request: z.string(),
  source: z.exactOptional(z.object({ ip: z.string(), agent: z.exactOptional(z.string()) })),
})
const mailRow = z.object({
  v: z.literal(1),
  org: z.string(),
  subject,
  /** Milliseconds: when it was asked for. */
  at: z.number(),
  tries: z.number(),
  error: z.exactOptional(z.string()),
  asked: z.exactOptional(asked),
})

export type Asked = z.infer<typeof asked>
export type MailSubject = z.infer<typeof subject>
export interface QueuedMail {
  readonly id: string
  readonly org: string
  readonly subject: MailSubject
  readonly at: Date
  readonly tries: number
  /** Of the last attempt. */
  readonly error?: string
  readonly asked?: Asked
}

/** For the commit that gives the reason for the mail: it goes out soon after, also when this process dies between. */
export function mailMutation(org: string, subject: MailSubject, at: Date, asked?: Asked): Mutation & { readonly op: 'put' } {
  const id = timeOrderedId(at)
  return {
    op: 'put',
    key: dueKey(id, at),
    value: mailValue({ id, org, subject, at, tries: 0, ...(asked === undefined ? {} : { asked }) }),
    if: 'absent',
  }
}

export function dueKey(id: string, due: Date): Key {
  return tenantKeys.mail(shardOf(id), 'due', timeText(due), id)
}
export function parkedKey(id: string): Key {
  return tenantKeys.mail(shardOf(id), 'parked', id)
}
export function mailValue({ id: _, at, ...rest }: QueuedMail) {
  return { v: 1, ...rest, at: at.getTime() }
}
export function readMail(entry: Entry): QueuedMail {
  const { v: _, at, ...rest } = readRow(mailRow, entry)
  return { ...rest, id: entry.key.path.at(-1) ?? '', at: new Date(at) }
}
/** Sorts as it counts. */
export function timeText(at: Date): string {
  return String(at.getTime()).padStart(15, '0')
}
