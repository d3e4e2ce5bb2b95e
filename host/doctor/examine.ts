import { join } from 'node:path'
import { LocalRootKeys, openMetadataStore } from '#core/host'
import type { Settings } from '../config/settings.js'
import { endOfNode } from '../node-life.js'
import { type Finding, fatal, fine, warning } from './finding.js'
import { localFacts } from './local-facts.js'
import { localFindings } from './local-findings.js'
import { storeFindings } from './store-findings.js'

/** Everything that can be known of a house before it starts, or beside it while it serves. Changes nothing. */
export async function examine(settings: Settings, now = Date.now()): Promise<readonly Finding[]> {
  return [nodeFinding(process.versions.node, now), ...(await examineLocal(settings, now))]
}

export function nodeFinding(version: string, now: number): Finding {
  const ended = endOfNode(version, now)
  if (ended === undefined) return fine('node', `Node ${version} is maintained.`)
  return warning('node', `${ended}.`, 'Install it; nothing else has to change.')
}

async function examineLocal(settings: Settings, now: number): Promise<readonly Finding[]> {
  const facts = await localFacts(settings, now)
  const findings = localFindings(facts)
  if (facts.folder.state !== 'used' || findings.some(({ level }) => level === 'fatal')) return findings
  return [...findings, ...(await openedFindings(facts.folder.path, facts.key.path))]
}

/** Opened for reading alone: the house that serves this folder is not disturbed. */
async function openedFindings(folder: string, keyFile: string): Promise<readonly Finding[]> {
  const opened: { close(): Promise<void> }[] = []
  try {
    const rootKey = await LocalRootKeys.fromFile(keyFile)
    const open = async (name: string) => {
      const store = await openMetadataStore('embedded', { folder: join(folder, name), readOnly: true })
      opened.push(store)
      return store
    }
    const stores = { metadata: await open('metadata'), keyStore: await open('keys') }
    return [fine('metadata store', 'It opens.'), ...(await storeFindings(stores, rootKey))]
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    return [fatal('metadata store', `${says}.`, 'Mend what it says; where the files themselves are damaged, restore a backup.')]
  } finally {
    for (const store of opened) await store.close()
  }
}
