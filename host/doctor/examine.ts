import { LocalRootKeys } from '#core/host'
import type { Settings } from '../config/settings.js'
import { endOfNode } from '../node-life.js'
import { openRows } from '../open-stores.js'
import { examineCloud } from './examine-cloud.js'
import { type Finding, fatal, fine, warning } from './finding.js'
import { localFacts } from './local-facts.js'
import { localFindings } from './local-findings.js'
import { storeFindings } from './store-findings.js'

/** Everything that can be known of a house before it starts, or beside it while it serves. Changes nothing of it. */
export async function examine(settings: Settings, now = Date.now): Promise<readonly Finding[]> {
  const facts = await localFacts(settings, now())
  const cloud = await examineCloud(settings, now)
  const findings = [nodeFinding(process.versions.node, now()), ...localFindings(facts), ...cloud.findings]
  const stored = settings.metadata === 'embedded' ? facts.folder.state === 'used' : cloud.tablesThere
  if (!stored || findings.some(({ level }) => level === 'fatal')) return findings
  return [...findings, ...(await openedFindings(settings, facts.folder.path, facts.key.path))]
}

export function nodeFinding(version: string, now: number): Finding {
  const ended = endOfNode(version, now)
  if (ended === undefined) return fine('node', `Node ${version} is maintained.`)
  return warning('node', `${ended}.`, 'Install it; nothing else has to change.')
}

/** Opened for reading alone: the house that serves from there is not disturbed. */
async function openedFindings(settings: Settings, folder: string, keyFile: string): Promise<readonly Finding[]> {
  const opened: { close(): Promise<void> }[] = []
  try {
    const rootKey = await LocalRootKeys.fromFile(keyFile)
    const open = async (what: 'metadata' | 'keys') => {
      const store = await openRows(settings, folder, what, { readOnly: true })
      opened.push(store)
      return store
    }
    const stores = { metadata: await open('metadata'), keyStore: await open('keys') }
    return [fine('metadata store', 'It opens.'), ...(await storeFindings(stores, rootKey))]
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error)
    return [fatal('metadata store', `${says}.`, 'Mend what it says; where the data itself is damaged, restore a backup.')]
  } finally {
    for (const store of opened) await store.close()
  }
}
