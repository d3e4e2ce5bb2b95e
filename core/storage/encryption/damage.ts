import { RegistryError } from '../../errors/registry-error.js'

const code = 'storage.integrity'

/** Stored bytes are not what was written: the transfer breaks, and other bytes are never put in their place. */
export function damaged(message: string, cause?: unknown): RegistryError {
  return new RegistryError('internal', message, { detail: { code }, cause })
}

export function isDamage(thrown: unknown): boolean {
  return thrown instanceof RegistryError && thrown.detail['code'] === code
}
