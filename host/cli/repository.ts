import { type Command, InvalidArgumentError, Option } from 'commander'
import { Misused, Refused } from './api-client.js'
import { deletedRepositories } from './deleted-repositories.js'
import { setting } from './key-value.js'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'
import { parseBytes } from './usage.js'

const repositories = (org: string) => `${encodeURIComponent(org)}/-/api/v1/repositories`
const path = (org: string, name: string) => `${repositories(org)}/${encodeURIComponent(name)}`
const columns = ['name', 'format', 'kind', 'policy', 'public', 'writePolicy']
type Row = Readonly<Record<string, unknown>>

interface RepositoryOptions extends CommonOptions {
  readonly format?: string
  readonly kind?: string
  readonly policy?: string
  readonly public?: boolean
  readonly writePolicy?: string
  readonly layoutPolicy?: string
  readonly webdav?: boolean
  readonly portableNames?: boolean
  readonly indexPages?: boolean
  readonly verifySidecars?: boolean
  readonly maxSize?: number
  readonly host?: string
}

const switches = ['webdav', 'portableNames', 'indexPages', 'verifySidecars'] as const

const keyed = ({ policy, public: open, writePolicy, layoutPolicy, maxSize, host, ...options }: RepositoryOptions) => ({
  ...(policy === undefined ? {} : { policy }),
  ...(open === undefined ? {} : { public: open }),
  ...(writePolicy === undefined ? {} : { writePolicy }),
  ...(layoutPolicy === undefined ? {} : { layoutPolicy }),
  ...Object.fromEntries(switches.filter((name) => options[name] !== undefined).map((name) => [name, options[name]])),
  ...(maxSize === undefined ? {} : { maxSize }),
  ...(host === undefined ? {} : { host: host === '' ? null : host }),
})

const policies = (command: Command) =>
  command
    .addOption(new Option('--policy <policy>', 'versions that it takes').choices(['release', 'snapshot', 'mixed']))
    .addOption(
      new Option('--write-policy <policy>', 'replace: the format decides; once: no path ever changes').choices([
        'once',
        'replace',
      ]),
    )
    .addOption(new Option('--layout-policy <policy>', 'paths that it takes').choices(['strict', 'permissive']))
    .option('--webdav', 'of format raw: answer WebDAV clients')
    .option('--portable-names', 'of format raw: refuse new names that Windows cannot keep')
    .option('--index-pages', 'of format raw: a folder with an index.html shows that in place of its listing')
    .option('--verify-sidecars', 'of format raw: hold .sha256 files and their kin against the file they speak of')
    .option('--max-size <size>', 'largest file, as 500MiB', parseBytes)
    .option('--host <name>', 'serve it at the root of this host name')

export function repositoryCommand(program: Command): void {
  const repository = program.command('repository').description('repositories of an organization')
  common(
    policies(
      repository
        .command('create <organization> <name>')
        .description('make a repository')
        .requiredOption('--format <format>', 'maven, npm, pypi, raw, or one of an installed plugin')
        .option('--kind <kind>', 'hosted', kind)
        .option('--public', 'readable without credentials'),
    ),
  ).action(async (org: string, name: string, options: RepositoryOptions) => {
    const kind = options.kind === undefined ? {} : { kind: options.kind }
    const body = { name, format: options.format, ...kind, ...keyed(options) }
    printOne(options, await clientOf(options).send<Row>('POST', repositories(org), body))
  })
  common(repository.command('list <organization>').description('all repositories')).action(
    async (org: string, options: CommonOptions) => {
      print(options, columns, await all(clientOf(options).list<Row>(repositories(org))))
    },
  )
  common(repository.command('show <organization> <name>').description('one repository')).action(
    async (org: string, name: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).get<Row>(path(org, name)))
    },
  )
  common(
    policies(
      repository
        .command('update <organization> <name> [settings...]')
        .description('change a repository, by options or KEY=VALUE')
        .option('--public', 'readable without credentials')
        .option('--no-public', 'private'),
    ),
  ).action(async (org: string, name: string, settings: readonly string[], options: RepositoryOptions) => {
    const body = { ...keyed(options), ...Object.fromEntries(settings.map(setting)) }
    if (Object.keys(body).length === 0) throw new Misused('error: nothing to change: give an option or KEY=VALUE')
    printOne(options, await clientOf(options).send<Row>('PATCH', path(org, name), body))
  })
  common(
    repository
      .command('rename <organization> <name> <new-name>')
      .description('give it another name; the old address answers 404'),
  ).action(async (org: string, name: string, newName: string, options: CommonOptions) => {
    printOne(options, await clientOf(options).send<Row>('PATCH', path(org, name), { name: newName }))
  })
  common(
    repository.command('settings <organization> <name>').description("lines to paste into each client's own settings"),
  ).action(async (org: string, name: string, options: CommonOptions) => {
    const blocks = await clientOf(options).get<Row[]>(`${path(org, name)}/settings`)
    // What is to be pasted stands in no table's lines.
    if (options.json) print(options, [], blocks)
    else console.log(blocks.map(({ client, text }) => `── ${client}\n${String(text).trimEnd()}\n`).join('\n'))
  })
  common(
    repository
      .command('delete <organization> <name>')
      .description('remove a repository and everything in it; `repository restore` brings it back')
      .option('--reason <text>', 'why'),
  ).action(async (org: string, name: string, options: CommonOptions & { reason?: string }) => {
    const query = options.reason === undefined ? '' : `?${new URLSearchParams({ reason: options.reason })}`
    await clientOf(options).send('DELETE', path(org, name) + query)
    done(options, `repository ${name} is gone`)
  })
  deletedRepositories(repository)
}

/** Said here, before the options that would go with it are found to be unknown. */
function kind(text: string): string {
  if (text === 'proxy' || text === 'group') {
    throw new Refused(`repositories of kind ${text} are not part of this version; hosted ones are`)
  }
  if (text !== 'hosted') throw new InvalidArgumentError('Allowed choices are hosted.')
  return text
}
