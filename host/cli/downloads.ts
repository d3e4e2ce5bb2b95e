import { type Command, Option } from 'commander'
import { type CommonOptions, clientOf, common, print, printJson, printOne } from './output.js'

type Row = Readonly<Record<string, unknown>>
interface Downloads {
  readonly repository: string
  readonly package: string
  readonly since: string | null
  readonly total: number
  readonly last: string | null
  readonly days: readonly Row[]
  readonly versions: readonly Row[]
}

export function downloadsCommand(program: Command): void {
  common(
    program
      .command('downloads <organization> <repository> <package>')
      .description('how often a package was downloaded')
      .option('--from <day>', 'from this day on, as 2026-11-25')
      .option('--to <day>', 'up to this day')
      .addOption(new Option('--by <what>', 'a line a day, or a version').choices(['day', 'version']).default('day')),
  ).action(
    async (org: string, repository: string, pkg: string, options: CommonOptions & { from?: string; to?: string; by: string }) => {
      const { from, to, by } = options
      const query = new URLSearchParams({
        repository,
        package: pkg,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      })
      const found = await clientOf(options).get<Downloads>(`${encodeURIComponent(org)}/-/api/v1/downloads?${query}`)
      if (options.json) return printJson(found)
      const { days, versions, ...facts } = found
      printOne(options, facts)
      if (by === 'version') print(options, ['version', 'total', 'last'], versions)
      else print(options, ['day', 'count'], days)
    },
  )
}
