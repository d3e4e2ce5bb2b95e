import { appendFile } from 'node:fs/promises'
import type { ProtocolPlugin } from '#core'

/** `failing`: now and then it fails, before or after it has written. `deaf` never comes to write, `stuck` never returns after it has. */
export type ListenerManner = 'failing' | 'steady' | 'deaf' | 'stuck'

/** Writes the id of each event that it is told to the end of a file. */
export function listener(file: string, manner: ListenerManner): ProtocolPlugin {
  const fails = () => manner === 'failing' && Math.random() < 0.02
  const never = () => new Promise<void>(() => {})
  const hear = async ({ id }: { readonly id: string }) => {
    if (manner === 'deaf') await never()
    if (fails()) throw new Error('not now')
    await appendFile(file, `${id}\n`)
    if (manner === 'stuck') await never()
    if (fails()) throw new Error('too late')
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
