import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'

const list = (org: string) => `${encodeURIComponent(org)}/-/api/v1/deleted-repositories`
const path = (org: string, which: string) => `${list(org)}/${encodeURIComponent(which)}`
type Row = Readonly<Record<string, unknown>>

/** Words of `repository` about those that were deleted. */
export function deletedRepositories(repository: Command): void {
  common(repository.command('deleted <organization>').description('those that were deleted and can be brought back')).action(
    async (org: string, options: CommonOptions) => {
      const rows = await all(clientOf(options).list<Row & { readonly repository: Row }>(list(org)))
      const flat = rows.map(({ repository: { id, name, format }, ...rest }) => ({ id, name, format, ...rest }))
      print(options, ['id', 'name', 'format', 'deletedAt', 'by', 'reason', 'purgeAfter'], options.json ? rows : flat)
    },
  )
  common(
    repository
      .command('restore <organization> <deleted>')
      .description('bring one back, by the name that it had or by its id, with everything in it')
      .option('--name <name>', 'under another name'),
  ).action(async (org: string, which: string, options: CommonOptions & { name?: string }) => {
    const body = options.name === undefined ? {} : { name: options.name }
    printOne(options, await clientOf(options).send<Row>('POST', `${path(org, which)}/restore`, body))
  })
  common(
    repository
      .command('purge <organization> <deleted>')
      .description('give a deleted one up for good, before its time: its room is free with the next sweeps'),
  ).action(async (org: string, which: string, options: CommonOptions) => {
    await clientOf(options).send('DELETE', path(org, which))
    done(options, `${which} cannot be brought back any more`)
  })
}
