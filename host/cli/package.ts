import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'

interface PackageOptions extends CommonOptions {
  readonly to: string
  readonly tag?: readonly string[]
  readonly move?: boolean
  readonly reason?: string
  readonly file?: string
}

type Row = Readonly<Record<string, unknown>>

type Shown = Row & { readonly versions: readonly Row[]; readonly next: string | null }

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
  common(
    command.command('show <organization> <repository> <name>').description('one package, with its status and its versions'),
  ).action(async (org: string, repository: string, name: string, options: CommonOptions) => {
    const client = clientOf(options)
    const address = path(org, repository, name)
    let { versions, next, ...about } = await client.get<Shown>(`${address}?limit=1000`)
    while (next !== null) {
      const more: Shown = await client.get<Shown>(`${address}?${new URLSearchParams({ limit: '1000', cursor: next })}`)
      versions = [...versions, ...more.versions]
      next = more.next
    }
    printOne(options, options.json ? { ...about, versions } : about)
    if (!options.json) print(options, ['version', 'publishedAt', 'status', 'reason', 'tags', 'builds'], versions)
  })
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
      .command('delete <organization> <repository> <name> [version]')
      .description('remove a version, or a package with all of them (raw: a folder or a file); `deleted restore` brings it back')
      .option('--reason <text>', 'why'),
  ).action(async (org: string, repository: string, name: string, version: string | undefined, options: PackageOptions) => {
    const query = options.reason === undefined ? '' : `?${new URLSearchParams({ reason: options.reason })}`
    const named = version === undefined ? [name] : [name, version]
    await clientOf(options).send('DELETE', path(org, repository, ...named) + query)
    done(options, `${named.join(' ')} is gone from ${repository}`)
  })
  common(
    command
      .command('yank <organization> <repository> <name> <version>')
      .description('advise clients against a version; who pins it still gets it')
      .option('--reason <text>', 'why, for clients to show')
      .option('--file <name>', 'one file of it alone'),
  ).action(async (org: string, repository: string, name: string, version: string, options: PackageOptions) => {
    const { reason, file } = options
    const body = { ...(reason === undefined ? {} : { reason }), ...(file === undefined ? {} : { file }) }
    await clientOf(options).send('POST', `${path(org, repository, name, version)}/yank`, body)
    done(options, `${file ?? `${name} ${version}`} is yanked in ${repository}`)
  })
  common(
    command
      .command('unyank <organization> <repository> <name> <version>')
      .description('take a yank back')
      .option('--file <name>', 'one file of it alone'),
  ).action(async (org: string, repository: string, name: string, version: string, options: PackageOptions) => {
    const query = options.file === undefined ? '' : `?${new URLSearchParams({ file: options.file })}`
    await clientOf(options).send('DELETE', `${path(org, repository, name, version)}/yank${query}`)
    done(options, `${options.file ?? `${name} ${version}`} is no longer yanked in ${repository}`)
  })
  common(
    command
      .command('status <organization> <repository> <name> <status>')
      .description('say what a package is: active, deprecated, archived (no uploads), quarantined (no downloads either)')
      .option('--reason <text>', 'why, for clients to show'),
  ).action(async (org: string, repository: string, name: string, status: string, options: PackageOptions) => {
    const { reason } = options
    await clientOf(options).send('PUT', `${path(org, repository, name)}/status`, {
      status,
      ...(reason === undefined ? {} : { reason }),
    })
    done(options, `${name} is ${status} in ${repository}`)
  })
}
