import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, print, printOne } from './output.js'

const deleted = (org: string) => `${encodeURIComponent(org)}/-/api/v1/deleted`
type Row = Readonly<Record<string, unknown>>

export function deletedCommand(program: Command): void {
  const command = program.command('deleted').description('what was deleted and can be brought back')
  common(command.command('list <organization> <repository>').description('all of it, oldest first')).action(
    async (org: string, repository: string, options: CommonOptions) => {
      const rows = await all(clientOf(options).list<Row>(deleted(org), { repository }))
      print(options, ['id', 'at', 'package', 'version', 'paths', 'files', 'reason', 'purgeAfter'], rows)
    },
  )
  common(command.command('restore <organization> <repository> <id>').description('bring it back')).action(
    async (org: string, repository: string, id: string, options: CommonOptions) => {
      const address = `${deleted(org)}/${encodeURIComponent(repository)}/${encodeURIComponent(id)}/undo`
      printOne(options, await clientOf(options).send<Row>('POST', address))
    },
  )
}
