import { type MetadataStore, tenantKeys, z } from '#core/host'
import { type Finding, fatal, fine } from './finding.js'

/** The row that a move keeps in its target: nobody serves from there before all has come. `source`: in words for people; times are milliseconds since 1970. */
const moveRow = z.object({
  v: z.literal(1),
  id: z.string(),
  state: z.enum(['copying', 'done']),
  source: z.string(),
  at: z.number(),
  ended: z.exactOptional(z.number()),
})
export type MoveRow = z.infer<typeof moveRow>
export const moveKey = tenantKeys.instance('move')

export async function findMove(
  metadata: MetadataStore,
): Promise<{ readonly row: MoveRow; readonly revision: string } | undefined> {
  const entry = await metadata.get(moveKey)
  return entry && { row: moveRow.parse(entry.value), revision: entry.revision }
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
