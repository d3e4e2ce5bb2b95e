import { Command, CommanderError } from 'commander'
import { release } from '../release.js'
import { accountCommand } from './account.js'
import { advisoriesCommand } from './advisories.js'
import { artifactCommand } from './artifact.js'
import { auditCommand } from './audit.js'
import { choreCommand } from './chore.js'
import { cleanupCommand } from './cleanup.js'
import { completionCommand } from './completion.js'
import { deletedCommand } from './deleted.js'
import { doctorCommand } from './doctor.js'
import { downloadsCommand } from './downloads.js'
import { formatCommand } from './format.js'
import { grantCommand } from './grant.js'
import { groupCommand } from './group.js'
import { instanceCommand } from './instance.js'
import { memberCommand } from './member.js'
import { moveCommand } from './move.js'
import { organizationCommand } from './organization.js'
import { packageCommand } from './package.js'
import { printable } from './printable.js'
import { privacyCommand } from './privacy.js'
import { reindexCommand } from './reindex.js'
import { reportCommand } from './report.js'
import { repositoryCommand } from './repository.js'
import { routesCommand } from './routes.js'
import { searchCommand } from './search.js'
import { addServe } from './serve.js'
import { signingCommand } from './signing.js'
import { tokenCommand } from './token.js'
import { usageCommand } from './usage.js'

/** Adds one word of the command line. What an action needs is imported inside it: `--help` loads nothing. */
export type AddCommand = (program: Command) => void

/** One entry per file in this folder. */
const subcommands: readonly AddCommand[] = [
  addServe,
  doctorCommand,
  moveCommand,
  organizationCommand,
  instanceCommand,
  memberCommand,
  accountCommand,
  groupCommand,
  repositoryCommand,
  grantCommand,
  tokenCommand,
  formatCommand,
  signingCommand,
  packageCommand,
  cleanupCommand,
  reindexCommand,
  deletedCommand,
  usageCommand,
  downloadsCommand,
  routesCommand,
  auditCommand,
  reportCommand,
  privacyCommand,
  choreCommand,
  advisoriesCommand,
  artifactCommand,
  searchCommand,
  completionCommand,
]

export function buildProgram(): Command {
  const program = new Command('cloudrepo')
    .description('An open, self-hostable, multi-tenant package repository')
    .version(release(), '--version', 'tell the version of this program')
    .showHelpAfterError('(add --help for the words and options)')
    .helpCommand(true)
    .exitOverride()
  for (const add of subcommands) add(program)
  return program
}

/** The exit status: 0, 1 where it was refused (the reason on standard error), 2 where the command itself was wrong. */
export async function runCommand(words: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    process.stderr.write(`${printable(error instanceof Error ? error.message : String(error))}\n`)
    return (error as { exitStatus?: number } | undefined)?.exitStatus ?? 1
  }
}
