import type { TableFacts, TableInspection } from '#core/host'
import { clockFinding } from './cloud-clock.js'
import { type CloudPlace, isDenied, refusalFinding } from './cloud-refusal.js'
import { type Finding, fatal, fine, warning } from './finding.js'

/** Days that a table can be taken back: rows as long as the bucket keeps what was deleted; keys no longer, or an organization that was shredded comes back
 *  (security guide 1.9, 2.1). */
const rowsBack = 28
const keysBack = 7

/** Shape, permissions and guards of one table; nothing is written. A table that is not `there` yet is made by the first start, where it may. */
export async function tableFindings(
  table: TableInspection,
  place: CloudPlace,
  now: () => number,
): Promise<{ readonly there: boolean; readonly findings: readonly Finding[] }> {
  const facts = await table.describe().catch((thrown: unknown) => refusalFinding(thrown, 'dynamodb:DescribeTable', place))
  const clock = clockFinding(`clock of the ${place.check}`, table.serverTime(), now())
  if (facts !== undefined && 'level' in facts) return { there: false, findings: [facts] }
  const [shape, ...more] = await factsFindings(table, facts, place)
  return { there: facts !== undefined, findings: [...(shape === undefined ? [] : [shape]), ...clock, ...more] }
}

async function factsFindings(
  table: TableInspection,
  facts: TableFacts | undefined,
  place: CloudPlace,
): Promise<readonly Finding[]> {
  const { check } = place
  if (facts === undefined)
    return [
      warning(
        check,
        `${place.name} does not exist: the first start makes it, where it may (dynamodb:CreateTable).`,
        'Better make it by examples/cloud, or name the right one.',
      ),
    ]
  if (facts.wrongShape !== undefined)
    return [
      fatal(
        check,
        `${place.name} is none of this house: ${facts.wrongShape}.`,
        'Name another table, or make one by examples/cloud.',
      ),
    ]
  if (facts.status !== 'ACTIVE' && facts.status !== 'UPDATING')
    return [fatal(check, `${place.name} is ${facts.status}.`, 'Wait until it is ACTIVE.')]
  return [
    fine(check, `${place.name} is there, with the keys of this house.`),
    ...(await actionFindings(table, place)),
    ...guardFindings(facts, check),
    await recoveryFinding(table, place),
  ]
}

async function actionFindings(table: TableInspection, place: CloudPlace): Promise<readonly Finding[]> {
  const check = `permissions of the ${place.check}`
  const refusals: Finding[] = []
  const actions = [
    ['dynamodb:GetItem', () => table.read()],
    ['dynamodb:Query', () => table.query()],
    ['dynamodb:Scan', () => table.scan()],
    ['dynamodb:PutItem', () => table.put()],
    ['dynamodb:ConditionCheckItem, PutItem and DeleteItem in a transaction', () => table.transact()],
  ] as const
  for (const [action, work] of actions)
    await work().catch((thrown: unknown) => refusals.push(refusalFinding(thrown, action, { ...place, check })))
  return refusals.length > 0 ? refusals : [fine(check, 'Rows can be read, listed, and written in transactions.')]
}

function guardFindings({ onDemand, protectedFromDeletion, encryption }: TableFacts, check: string): readonly Finding[] {
  return [
    onDemand
      ? fine(`capacity of the ${check}`, 'On demand.')
      : warning(
          `capacity of the ${check}`,
          'It is provisioned: bursts are throttled.',
          'Set its billing mode to PAY_PER_REQUEST, or watch its throttles.',
        ),
    protectedFromDeletion
      ? fine(`deletion of the ${check}`, 'It is protected from it.')
      : warning(`deletion of the ${check}`, 'A slip of the hand can delete it.', 'Switch its deletion protection on.'),
    encryption === 'KMS'
      ? fine(`encryption of the ${check}`, 'By a key in KMS.')
      : fine(`encryption of the ${check}`, "By the service's own key; secrets in it are sealed by the house."),
  ]
}

async function recoveryFinding(table: TableInspection, place: CloudPlace): Promise<Finding> {
  const check = `point-in-time recovery of the ${place.check}`
  try {
    const { enabled, days } = await table.recovery()
    if (!enabled) return warning(check, 'It is off: there is no way back from a wrong write.', 'Switch it on.')
    if (place.keys === true && days !== undefined && days > keysBack)
      return warning(
        check,
        `It goes back ${days} days: for so long an organization that was shredded can come back.`,
        `Let it go back ${keysBack} days.`,
      )
    if (place.keys !== true && days !== undefined && days < rowsBack)
      return warning(
        check,
        `It goes back ${days} days only.`,
        `Let it go back ${rowsBack} days at least: for so long the bucket keeps what was deleted.`,
      )
    return fine(check, days === undefined ? 'It is on.' : `It is on, ${days} days back.`)
  } catch (thrown) {
    if (isDenied(thrown))
      return warning(
        check,
        'It cannot be seen: dynamodb:DescribeContinuousBackups is refused.',
        'Give it to whoever runs the doctor (examples/cloud), or look yourself.',
      )
    return warning(check, `It cannot be seen: the service answers ${(thrown as Error).name}.`, 'Look yourself.')
  }
}
