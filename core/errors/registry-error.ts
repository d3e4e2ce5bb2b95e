import type { Json } from '../runtime/json.js'

/** `hidden`: exists perhaps, but the caller may not know; worded as `not-found` wherever a protocol does not need otherwise. */
export type FailureKind =
  | 'invalid'
  | 'unprocessable'
  | 'unauthenticated'
  | 'forbidden'
  | 'hidden'
  | 'not-found'
  | 'method'
  | 'conflict'
  | 'stale'
  | 'too-large'
  | 'no-space'
  | 'unsupported'
  | 'throttled'
  | 'unavailable'
  | 'upstream'
  | 'internal'

export interface FailureOptions {
  /** Machine-readable facts, safe to show: `code`, and what a protocol needs to word the failure. */
  readonly detail?: Readonly<Record<string, Json>>
  /** Seconds; for `throttled` and `unavailable`. */
  readonly retryAfter?: number
  /** For the log alone. */
  readonly cause?: unknown
}

/** The one error class. `message` is safe to show; `cause` is for the log. Anything else thrown is a bug and becomes `internal`. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly kind: FailureKind
  readonly detail: Readonly<Record<string, Json>>
  readonly retryAfter?: number

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.detail = options.detail ?? {}
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter
  }
}

/** 404: `what` is the house or protocol word, `name` the coordinates as the client wrote them. */
export function notFound(what: string, name: string, options?: FailureOptions): RegistryError {
  return new RegistryError('not-found', `${what} not found: ${name}`, options)
}
/** Exists perhaps, but the caller may not know. */
export function hidden(message = 'Not found', options?: FailureOptions): RegistryError {
  return new RegistryError('hidden', message, options)
}
/** 400: the request contradicts its own protocol. */
export function invalid(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('invalid', message, options)
}
/** 422: well formed, but its content is not what it says it is; a digest that differs. */
export function unprocessable(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('unprocessable', message, options)
}
export function unauthenticated(message = 'Authentication required', options?: FailureOptions): RegistryError {
  return new RegistryError('unauthenticated', message, options)
}
export function forbidden(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('forbidden', message, options)
}
/** 405; `allow` lists the methods that the address has. */
export function methodNotAllowed(allow: readonly string[], message = 'Method not allowed'): RegistryError {
  return new RegistryError('method', message, { detail: { allow } })
}
/** 409: something else stands under these coordinates. */
export function conflict(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('conflict', message, options)
}
/** 412: what the caller saw has moved on. */
export function stale(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('stale', message, options)
}
export function tooLarge(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('too-large', message, options)
}
export function noSpace(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('no-space', message, options)
}
/** 415: a coding or media type that this address does not take. */
export function unsupported(message: string, options?: FailureOptions): RegistryError {
  return new RegistryError('unsupported', message, options)
}
export function throttled(message: string, retryAfter: number): RegistryError {
  return new RegistryError('throttled', message, { retryAfter })
}
export function unavailable(message: string, retryAfter = 5, options: FailureOptions = {}): RegistryError {
  return new RegistryError('unavailable', message, { ...options, retryAfter })
}
/** A bug, or a dependency that broke: the caller reads a constant, the log reads `cause`. */
export function internal(cause: unknown): RegistryError {
  return new RegistryError('internal', 'Internal error', { cause })
}
/** Whatever was thrown, as the one error class. */
export function asRegistryError(thrown: unknown): RegistryError {
  return thrown instanceof RegistryError ? thrown : internal(thrown)
}
