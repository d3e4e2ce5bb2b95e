import type { Logger, MetadataStore } from '#core/host'
import type { Settings } from '../config/settings.js'
import { examineCloud } from './examine-cloud.js'
import { type Finding, inOneLine } from './finding.js'
import { moveFinding } from './move-finding.js'

/** A finding with which no house can serve; the message is its sentence, and what to do. */
export class FatalFinding extends Error {
  override readonly name = 'FatalFinding'
}

/** Throws FatalFinding with every fatal finding, a line each; called before anything is served. */
export function stopOnFatal(findings: readonly Finding[]): void {
  const fatal = findings.filter(({ level }) => level === 'fatal')
  if (fatal.length > 0) throw new FatalFinding(fatal.map(inOneLine).join('\n'))
}

/** Bucket and tables as the doctor sees them, once before they are opened: fatal findings stop the start, warnings go to the log. Nothing where the settings
 *  name none. */
export async function stopOnUnfitCloud(settings: Settings, log: Logger): Promise<void> {
  const { findings } = await examineCloud(settings, Date.now)
  stopOnFatal(findings)
  for (const finding of findings)
    if (finding.level === 'warning') log.warn('start.warning', { check: finding.check, message: inOneLine(finding) })
}

/** Not everything is in a place to which a move has not ended. */
export async function stopOnUnfinishedMove(metadata: MetadataStore): Promise<void> {
  const finding = await moveFinding(metadata)
  if (finding !== undefined) stopOnFatal([finding])
}
