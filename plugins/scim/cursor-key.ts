import { randomBytes } from 'node:crypto'
import { type OrganizationContext, RegistryError, z } from '#core'

const keyShape = z.strictObject({ key: z.string() })
const place = ['cursor', 'key'] as const

/** What the organization's cursors are sealed with, on every process the same; made when the first one is asked for. */
export async function cursorKey(context: OrganizationContext): Promise<Uint8Array> {
  const kept = await find(context)
  if (kept !== undefined) return kept
  try {
    await context
      .change()
      .putDocument([...place], { key: randomBytes(32).toString('base64url') }, 'absent')
      .commit()
  } catch (thrown) {
    // Somebody else made it at the same moment.
    if (!(thrown instanceof RegistryError) || (thrown.kind !== 'conflict' && thrown.kind !== 'stale')) throw thrown
  }
  const made = await find(context)
  if (made === undefined) throw new Error('The key of the cursors was not kept')
  return made
}

async function find(context: OrganizationContext): Promise<Uint8Array | undefined> {
  const document = await context.documents.find([...place])
  return document === undefined ? undefined : Buffer.from(keyShape.parse(document.value).key, 'base64url')
}
