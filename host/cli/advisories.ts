import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { osvLines } from './osv-files.js'
import { type CommonOptions, clientOf, common, done, printOne } from './output.js'

type Row = Readonly<Record<string, unknown>>

const path = '-/api/v1/advisories'

export function advisoriesCommand(program: Command): void {
  const advisories = program.command('advisories').description('what `npm audit` and its like are answered from')
  common(
    advisories
      .command('load <path>')
      .description('load OSV records in the place of those before: a file or a folder of them, `-` for standard input'),
  ).action(async (place: string, options: CommonOptions) => {
    const lines = Readable.from(osvLines(place), { objectMode: false })
    printOne(options, await clientOf(options).upload<Row>('PUT', path, 'application/x-ndjson', lines))
  })
  common(advisories.command('show').description('what is loaded, and since when')).action(async (options: CommonOptions) => {
    const { feed } = await clientOf(options).get<{ readonly feed: Row | null }>(path)
    if (feed === null) done(options, 'nothing is loaded')
    else printOne(options, feed)
  })
  common(advisories.command('clear').description('forget all of them')).action(async (options: CommonOptions) => {
    await clientOf(options).send('DELETE', path)
    done(options, 'nothing is loaded any more')
  })
}
