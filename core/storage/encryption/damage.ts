import { RegistryError } from '../../errors/registry-error.js'

const code = 'damaged'
const words = 'The stored content is damaged'

/** Stored bytes are not what was written, or are gone: 503 or a transfer that breaks, and never other bytes in their place. `what` is for the log. */
export function damaged(what: string, cause?: unknown): RegistryError {
  const found = new Error(what, cause === undefined ? undefined : { cause })
  return new RegistryError('unavailable', words, { detail: { code, reason: words }, retryAfter: 300, cause: found })
}

export function isDamage(thrown: unknown): boolean {
  return thrown instanceof RegistryError && thrown.detail['code'] === code
}
