import { appendFile } from 'node:fs/promises'
import type { ProtocolPlugin } from '#core'

/** Writes the id of each event that it is told to the end of a file; now and then it fails, before or after it has written. */
export function listener(file: string): ProtocolPlugin {
  const hear = async ({ id }: { readonly id: string }) => {
    if (Math.random() < 0.02) throw new Error('not now')
    await appendFile(file, `${id}\n`)
    if (Math.random() < 0.02) throw new Error('too late')
  }
  return {
    name: 'listener',
    version: '1.0.0',
    contract: 1,
    mounts: [],
    async start({ events }) {
      events.subscribe('artifact.published', hear)
      events.subscribe('artifact.deleted', hear)
    },
  }
}
