import { type MetadataStore, tenantKeys } from '#core/host'
import { type Finding, fatal, fine } from './finding.js'

/** The row that a move keeps in its target: nobody serves from there before all has come. `source`: in words for people. */
export interface MoveRow {
  readonly v: 1
  readonly id: string
  readonly state: 'copying' | 'done'
  readonly source: string
  /** Milliseconds since 1970: begun, and ended. */
  readonly at: number
  readonly ended?: number
}
export const moveKey = tenantKeys.instance('move')

export async function findMove(
  metadata: MetadataStore,
): Promise<{ readonly row: MoveRow; readonly revision: string } | undefined> {
  const entry = await metadata.get(moveKey)
  return entry && { row: entry.value as unknown as MoveRow, revision: entry.revision }
}

/** Undefined where nothing was ever moved hither. */
export async function moveFinding(metadata: MetadataStore): Promise<Finding | undefined> {
  const found = await findMove(metadata)
  if (found === undefined) return undefined
  const { state, source, at, ended } = found.row
  if (state === 'done') return fine('move', `Everything was moved here from ${source}, until ${iso(ended ?? at)}.`)
  return fatal(
    'move',
    `A move from ${source}, begun ${iso(at)}, has not ended: not everything is here yet.`,
    'Run `cloudrepo move` again with the settings of the old place, and start the house here when it says so.',
  )
}

const iso = (time: number) => new Date(time).toISOString()
