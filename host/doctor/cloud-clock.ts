import { type Finding, fatal, fine, warning } from './finding.js'

/** Signatures are refused from then on; the house's own expiries bear less. Milliseconds. */
const refused = 15 * 60_000
const borne = 60_000

/** This machine's clock against the Date header of an answer; nothing where there was no answer. */
export function clockFinding(check: string, server: number | undefined, now: number): readonly Finding[] {
  if (server === undefined) return []
  const apart = Math.abs(now - server)
  const seconds = Math.round(apart / 1000)
  const says = `This machine's clock is ${seconds} s ${now > server ? 'ahead of' : 'behind'} the service's.`
  if (apart >= refused) return [fatal(check, says, 'Set the clock by NTP: the service refuses what is signed so.')]
  if (apart >= borne) return [warning(check, says, 'Set the clock by NTP: expiries and counts of usage go by it.')]
  return [fine(check, 'It agrees with this machine.')]
}
