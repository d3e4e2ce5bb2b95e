import type { Addresses } from '../house-front.js'
import type { ListenAddress } from '../server/listener.js'
import type { ShutdownPace } from '../server/shutdown.js'

/** What the primary says to a worker. */
export type ToWorker =
  | ({ readonly kind: 'begin' } & Assignment)
  | { readonly kind: 'stop'; readonly pace: ShutdownPace | undefined }
  | { readonly kind: 'reload' }
  | { readonly kind: 'measure'; readonly question: number }
  | { readonly kind: 'profile'; readonly question: number; readonly milliseconds: number }

export interface Assignment {
  /** Its place among the workers, from 1; whoever follows a dead one takes its place. */
  readonly worker: number
  /** Settings as plain data: a file that was changed meanwhile must not divide the house. */
  readonly given: object
  readonly folder: string
  readonly keyFile: string
  readonly listen: ListenAddress
  /** Base64 of 48 bytes: all processes open each other's TLS sessions. */
  readonly ticketKeys: string
}

/** What a worker says to the primary. */
export type FromWorker =
  | { readonly kind: 'hello' }
  /** Its metrics as the library tells them to another process. */
  | { readonly kind: 'measured'; readonly question: number; readonly metrics: readonly object[] }
  | ({ readonly kind: 'ready' } & Addresses)
  | { readonly kind: 'profiled'; readonly question: number; readonly profile: string | undefined }
  /** It cannot begin; it ends by itself. */
  | { readonly kind: 'refused'; readonly message: string; readonly code?: string }
