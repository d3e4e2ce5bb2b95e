import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'

interface PackageOptions extends CommonOptions {
  readonly to: string
  readonly tag?: readonly string[]
  readonly move?: boolean
  readonly reason?: string
}

type Row = Readonly<Record<string, unknown>>

/** Address of a repository's packages, of one, of a version: slashes of a name are encoded, `/` alone is the root of a raw repository. */
const path = (org: string, ...names: readonly string[]) =>
  [org, '-', 'api', 'v1', 'packages', ...names].map(encodeURIComponent).join('/')

export function packageCommand(program: Command): void {
  const command = program.command('package').description('packages and their versions, as formats know them')
  common(command.command('list <organization> <repository>').description('all packages')).action(
    async (org: string, repository: string, options: CommonOptions) => {
      const rows = await all(clientOf(options).list<Row>(path(org, repository)))
      print(options, ['name', 'title', 'latest', 'license', 'description'], rows)
    },
  )
  common(command.command('show <organization> <repository> <name>').description('one package')).action(
    async (org: string, repository: string, name: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).get<Row>(path(org, repository, name)))
    },
  )
  common(
    command
      .command('promote <organization> <repository> <name> <version>')
      .description('bring a version into another repository of the same format, without copying bytes')
      .requiredOption('--to <repository>', 'where it shall be')
      .option('--tag <tag...>', 'npm: dist-tags that name it there (default: latest, as for a publish)')
      .option('--move', 'take it away here')
      .option('--reason <text>', 'why, for the log of deletes'),
  ).action(async (org: string, repository: string, name: string, version: string, options: PackageOptions) => {
    const { to, tag, move, reason } = options
    const body = {
      to,
      ...(tag === undefined ? {} : { tags: tag }),
      ...(move === undefined ? {} : { move }),
      ...(reason === undefined ? {} : { reason }),
    }
    printOne(options, await clientOf(options).send('POST', `${path(org, repository, name, version)}/promote`, body))
  })
  common(
    command
      .command('delete <organization> <repository> <name> <version>')
      .description('remove a version; `deleted restore` brings it back')
      .option('--reason <text>', 'why'),
  ).action(async (org: string, repository: string, name: string, version: string, options: PackageOptions) => {
    const query = options.reason === undefined ? '' : `?${new URLSearchParams({ reason: options.reason })}`
    await clientOf(options).send('DELETE', path(org, repository, name, version) + query)
    done(options, `${name} ${version} is gone from ${repository}`)
  })
}
