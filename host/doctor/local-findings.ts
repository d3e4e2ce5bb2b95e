import { type Finding, fatal, fine, warning } from './finding.js'
import type { FolderFacts, KeyFacts, LocalFacts, VolumeFacts } from './local-facts.js'

const GiB = 1024 ** 3
/** As the house keeps it free for itself (security guide 1.8). */
const reserveBytes = 2 * GiB
const reserveShare = 0.05
const reserveInodes = 0.01
/** Milliseconds that clocks may differ without anybody noticing. */
const skew = 300_000

/** The place of the embedded pair, held against what it needs. */
export function localFindings({ folder, volume, key, house, now, lastChange }: LocalFacts): readonly Finding[] {
  return [
    folderFinding(folder),
    house === undefined
      ? fine('lock', 'No house serves this folder now.')
      : fine('lock', `The house at ${house} serves this folder.`),
    ...volumeFindings(volume, folder.path),
    keyFinding(key, folder),
    clockFinding(now, lastChange),
  ]
}

function folderFinding({ path, state, writable, mode }: FolderFacts): Finding {
  const check = 'data folder'
  if (state === 'no-folder') return fatal(check, `${path} is a file.`, 'Name a folder by CLOUDREPO_DATA.')
  if (!writable && state === 'missing')
    return fatal(check, `${path} cannot be made by this user.`, 'Make it, owned by the user that runs the server, mode 0700.')
  if (!writable)
    return fatal(check, `${path} cannot be written by this user.`, 'Give it to the user that runs the server: chown -R.')
  if (state === 'missing') return fine(check, `${path} will be made by the first start.`)
  if ((mode & 0o077) !== 0)
    return warning(check, `Others on this machine may enter ${path} (mode ${octal(mode)}).`, `Run: chmod 700 ${path}`)
  return fine(check, state === 'unused' ? `${path} is empty.` : `${path} is there, mode ${octal(mode)}.`)
}

function volumeFindings({ networkKind, free, size, freeInodes, inodes }: VolumeFacts, path: string): readonly Finding[] {
  const keep = Math.max(reserveBytes, reserveShare * size)
  const room =
    free < keep
      ? warning(
          'free space',
          `${gib(free)} are free, less than the ${gib(keep)} that stay reserved: uploads are refused with 507.`,
          'Make room on the volume, or move the data to a larger one.',
        )
      : fine('free space', `${gib(free)} of ${gib(size)} are free; ${gib(keep)} stay reserved.`)
  const nodes =
    inodes > 0 && freeInodes < reserveInodes * inodes
      ? warning(
          'inodes',
          `${freeInodes} of ${inodes} inodes are free: uploads are refused with 507.`,
          'Remove small files there.',
        )
      : fine('inodes', inodes === 0 ? 'This file system has no table of inodes.' : `${freeInodes} of ${inodes} are free.`)
  const kind =
    networkKind === undefined
      ? fine('file system', 'It is a local one.')
      : fatal(
          'file system',
          `${path} lies on a network file system (${networkKind}), where locks and memory maps do not hold.`,
          'Put the data on a local disk.',
        )
  return [room, nodes, kind]
}

function keyFinding({ path, there, named, inside, mode }: KeyFacts, { state }: FolderFacts): Finding {
  const check = 'root key'
  if (inside)
    return fatal(
      check,
      `${path} lies inside the data folder: a copy of the data would carry its key.`,
      'Move it out and name it by CLOUDREPO_ROOT_KEY.',
    )
  if (!there && named) return fatal(check, `${path} cannot be found.`, 'Bring it back from its own backup.')
  if (!there && state === 'used')
    return fatal(
      check,
      `There is data, but its key ${path} is missing.`,
      'Bring it back from its own backup: nothing opens without.',
    )
  if (!there) return fine(check, `${path} will be made by the first start.`)
  if ((mode & 0o077) !== 0)
    return fatal(check, `Others on this machine may read ${path} (mode ${octal(mode)}).`, `Run: chmod 400 ${path}`)
  return fine(check, `${path} is there, mode ${octal(mode)}. Its backup belongs apart from the data's.`)
}

function clockFinding(now: number, lastChange: number | undefined): Finding {
  if (lastChange !== undefined && lastChange > now + skew)
    return warning(
      'clock',
      `The store was last written at ${iso(lastChange)}, which is ahead of this machine's clock (${iso(now)}).`,
      'Set the clock by NTP before the house runs: expiries and clean-ups go by it.',
    )
  return fine('clock', `It is ${iso(now)}.`)
}

const octal = (mode: number) => mode.toString(8).padStart(4, '0')
const gib = (bytes: number) => `${(bytes / GiB).toFixed(1)} GiB`
const iso = (time: number) => new Date(time).toISOString()
