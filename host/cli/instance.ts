import type { Command } from 'commander'
import { Misused } from './api-client.js'
import { type CommonOptions, clientOf, common, printOne } from './output.js'

export interface ReadOnlyOptions extends CommonOptions {
  readonly reason?: string
}

export function readOnlyWord(command: Command): Command {
  return common(command.option('--reason <text>', 'why, in words that every client shows'))
}
/** What to send: the reason, or null to take writes again. */
export function reasonOf(off: string | undefined, { reason }: ReadOnlyOptions): string | null {
  if (off !== undefined && off !== 'off') throw new Misused(`error: ${off} is not 'off'`)
  if ((off === 'off') === (reason !== undefined)) throw new Misused("error: give --reason, or 'off'")
  return reason ?? null
}

export function instanceCommand(program: Command): void {
  const instance = program.command('instance').description('the whole of this server')
  readOnlyWord(instance.command('read-only [off]').description('take no writes, and say why; `off`: take them again')).action(
    async (off: string | undefined, options: ReadOnlyOptions) => {
      printOne(options, await clientOf(options).send('PUT', '-/api/v1/read-only', { reason: reasonOf(off, options) }))
    },
  )
}
