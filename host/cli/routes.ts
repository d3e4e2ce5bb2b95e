import type { Command } from 'commander'
import { type CommonOptions, clientOf, common, print } from './output.js'

type Row = Readonly<Record<string, unknown>>

export function routesCommand(program: Command): void {
  common(program.command('routes').description('every route of every installed plugin')).action(
    async (options: CommonOptions) => {
      print(options, ['plugin', 'mount', 'method', 'path', 'permission'], await clientOf(options).get<Row[]>('-/api/v1/routes'))
    },
  )
}
