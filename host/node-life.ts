/** The last day of each major of Node that runs this house, by Node's own release schedule (nodejs/Release, schedule.json). */
const lastDays: Readonly<Record<string, string>> = {
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
}
const recommended = 24

/** What to say, in one line, of a Node whose defects are mended no more; undefined where they are, and of a major that the schedule did not have. `version`:
 *  '20.20.2', `now`: milliseconds since 1970. */
export function endOfNode(version: string, now: number): string | undefined {
  const [major = ''] = version.split('.')
  const last = lastDays[major]
  if (last === undefined || now < Date.parse(last) + 86_400_000) return undefined
  return `Node ${major} is past its end of life, which was on ${last}; Node ${recommended} is recommended`
}
