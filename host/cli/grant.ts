import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print } from './output.js'

const grants = (org: string) => `${encodeURIComponent(org)}/-/api/v1/grants`
type Row = Readonly<Record<string, unknown>>
interface GrantOptions extends CommonOptions {
  readonly path?: string
}

const subjects = "SUBJECT: a group's name, or member:NAME, service:NAME; REPOSITORY: a name, or '*' for all"

export function grantCommand(program: Command): void {
  const grant = program.command('grant').description('rights on repositories beside roles')
  common(
    grant
      .command('set <organization> <subject> <repository> <level>')
      .description(`give read, write, delete or administer. ${subjects}`)
      .option('--path <path>', 'only below this path, by whole segments'),
  ).action(async (org: string, subject: string, repository: string, level: string, options: GrantOptions) => {
    const path = options.path === undefined ? {} : { path: options.path }
    await clientOf(options).send('PUT', grants(org), { subject, repository, level, ...path })
    done(options, `${subject} may ${level} ${repository}`)
  })
  common(grant.command('list <organization>').description('all grants')).action(async (org: string, options: CommonOptions) => {
    print(options, ['subject', 'repository', 'level', 'path'], await all(clientOf(options).whole<Row>(grants(org))))
  })
  common(
    grant
      .command('remove <organization> <subject> <repository>')
      .description(`take a grant back. ${subjects}`)
      .option('--path <path>', 'the one with this path'),
  ).action(async (org: string, subject: string, repository: string, options: GrantOptions) => {
    const query = new URLSearchParams({ subject, repository, ...(options.path === undefined ? {} : { path: options.path }) })
    await clientOf(options).send('DELETE', `${grants(org)}?${query}`)
    done(options, `the grant of ${subject} on ${repository} is gone`)
  })
}
