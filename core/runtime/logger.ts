import type { Json } from './json.js'

/** Structured, and an allow-list: fields are facts of ours, never headers, bodies, queries or raw targets (security guide 3.8). */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** The same log with fields that every line then carries. */
  with(fields: LogFields): Logger
}
export const Logger = Symbol('Logger')

/** `cause` alone may be an error: its stack goes to the log, never to a client. */
export type LogFields =
  | ({ readonly [name: string]: Json | undefined } & { readonly cause?: never })
  | { readonly [name: string]: unknown; readonly cause: unknown }

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
}
