import { type Command, Option } from 'commander'
import { all, type CommonOptions, clientOf, common, print } from './output.js'

type Row = Readonly<Record<string, unknown>>
interface Access {
  readonly repository: string
  readonly level: string
  readonly through: { readonly kind: string; readonly name: string }
  readonly path: string | null
}

const path = (org: string, report: string) => `${encodeURIComponent(org)}/-/api/v1/reports/${report}`
const findings = ['old', 'unused', 'never-used', 'broad', 'no-expiry', 'expired', 'leaver']

export function reportCommand(program: Command): void {
  const report = program.command('report').description('what reviewers ask: who can do what, which tokens are a risk, who left')
  common(
    report
      .command('access <organization>')
      .description('who can do what in which repository, and why; a line for each')
      .option('--repository <name>', 'only who reaches this repository'),
  ).action(async (org: string, options: CommonOptions & { readonly repository?: string }) => {
    const query: Record<string, string> = options.repository === undefined ? {} : { repository: options.repository }
    const people = await all(clientOf(options).list<Row>(path(org, 'access'), query))
    const columns = ['name', 'kind', 'status', 'repository', 'level', 'through', 'path', 'lastUsedAt']
    print(options, columns, options.json ? people : people.flatMap(lines))
  })
  common(
    report
      .command('tokens <organization>')
      .description('tokens that are old, unused, broad, without end, or of somebody who left')
      .option('--old-days <days>', 'old after so many', '90')
      .option('--unused-days <days>', 'unused after so many', '90')
      .addOption(new Option('--finding <word>', 'only tokens of which this is to be said').choices(findings)),
  ).action(
    async (
      org: string,
      options: CommonOptions & { readonly oldDays: string; readonly unusedDays: string; readonly finding?: string },
    ) => {
      const { oldDays, unusedDays, finding } = options
      const query = { oldDays, unusedDays, ...(finding === undefined ? {} : { finding }) }
      const tokens = await all(clientOf(options).list<Row>(path(org, 'tokens'), query))
      const columns = ['member', 'name', 'prefix', 'findings', 'scopes', 'createdAt', 'lastUsedAt', 'expiresAt']
      const shown = tokens.map((row) => ({
        ...row,
        member: (row['member'] as Row | null)?.['name'] ?? `scim ${row['connection']}`,
      }))
      print(options, columns, options.json ? tokens : shown)
    },
  )
  common(
    report.command('leavers <organization>').description('who was deactivated or deleted, by whom, and what ended with it'),
  ).action(async (org: string, options: CommonOptions) => {
    const leavers = await all(clientOf(options).list<Row>(path(org, 'leavers')))
    const columns = ['at', 'member', 'how', 'by', 'tokens', 'sessions', 'resets', 'uploads', 'groups', 'grants', 'effectiveMs']
    const shown = leavers.map((row) => {
      const by = row['by'] as Row
      return { ...row, ...(row['counts'] as Row), member: row['name'] ?? row['member'], by: `${by['kind']} ${by['id']}` }
    })
    print(options, columns, options.json ? leavers : shown)
  })
}

/** A line for each thing that somebody may do; one for whom it is nothing. */
function lines(person: Row): readonly Row[] {
  const access = person['access'] as readonly Access[]
  const name = person['kind'] === 'anonymous' ? 'anybody' : person['name']
  if (access.length === 0) return [{ ...person, name, repository: '', level: 'nothing' }]
  return access.map(({ repository, level, through, path }) => ({
    ...person,
    ...{ name, repository, level, path: path ?? '' },
    through: `${through.kind} ${through.name}`.trim(),
  }))
}
