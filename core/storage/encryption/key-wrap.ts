import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

/** Which key this is and whose: authenticated with it, so that it opens under no other row (security guide 2.1). */
export function wrapContext(purpose: string, organizationId: string, objectId: string, version: number): string {
  return `${purpose}|${organizationId}|${objectId}|${version}`
}

/** AES-256-GCM under a random nonce; base64 of nonce ‖ ciphertext ‖ tag. */
export function wrapKey(wrapping: Uint8Array, key: Uint8Array, context: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

/** Throws where it was wrapped by another key or in another context. */
export function unwrapKey(wrapping: Uint8Array, wrapped: string, context: string): Buffer {
  const bytes = Buffer.from(wrapped, 'base64')
  if (bytes.length <= nonceBytes + tagBytes) throw new Error('A wrapped key is too short')
  const decipher = createDecipheriv('aes-256-gcm', wrapping, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()])
}
