import { Argument, type Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print } from './output.js'

const grants = (org: string) => `${encodeURIComponent(org)}/-/api/v1/grants`
type Row = Readonly<Record<string, unknown>>
interface GrantOptions extends CommonOptions {
  readonly path?: string
}

const who = "a group's name, or member:NAME, service:NAME"
const where = "a repository's name, or '*' for all of them"
const below = ({ path }: GrantOptions) => (path === undefined ? '' : ` below ${path}`)

export function grantCommand(program: Command): void {
  const grant = program.command('grant').description('rights on repositories beside roles')
  common(
    grant
      .command('set')
      .argument('<organization>')
      .argument('<subject>', who)
      .argument('<repository>', where)
      .addArgument(new Argument('<level>', 'each includes those before it').choices(['read', 'write', 'delete', 'administer']))
      .description('give a level on a repository, or change it')
      .option('--path <path>', 'only below this path, by whole segments'),
  ).action(async (org: string, subject: string, repository: string, level: string, options: GrantOptions) => {
    const path = options.path === undefined ? {} : { path: options.path }
    await clientOf(options).send('PUT', grants(org), { subject, repository, level, ...path })
    done(options, `${subject} has ${level} on ${repository}${below(options)}`)
  })
  common(grant.command('list <organization>').description('all grants')).action(async (org: string, options: CommonOptions) => {
    print(options, ['subject', 'repository', 'level', 'path'], await all(clientOf(options).list<Row>(grants(org))))
  })
  common(
    grant
      .command('remove')
      .argument('<organization>')
      .argument('<subject>', who)
      .argument('<repository>', where)
      .description('take a grant back')
      .option('--path <path>', 'the one with this path'),
  ).action(async (org: string, subject: string, repository: string, options: GrantOptions) => {
    const query = new URLSearchParams({ subject, repository, ...(options.path === undefined ? {} : { path: options.path }) })
    await clientOf(options).send('DELETE', `${grants(org)}?${query}`)
    done(options, `the grant of ${subject} on ${repository}${below(options)} is gone`)
  })
}
