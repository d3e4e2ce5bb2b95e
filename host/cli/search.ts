import { type Command, Option } from 'commander'
import { type CommonOptions, clientOf, common, print } from './output.js'
import { withProgress } from './progress.js'

type Row = Readonly<Record<string, unknown>>
interface SearchOptions extends CommonOptions {
  readonly repository?: string
  readonly kind?: string
}

export function searchCommand(program: Command): void {
  common(
    program
      .command('search <organization> <words...>')
      .description('packages and files by words, license:mit and the like, or a digest in hexadecimal')
      .option('--repository <name>', 'only in this repository')
      .addOption(new Option('--kind <kind>', 'only these').choices(['file', 'package'])),
  ).action(async (org: string, words: readonly string[], options: SearchOptions) => {
    const { repository, kind } = options
    const query = {
      q: words.join(' '),
      ...(repository === undefined ? {} : { repository }),
      ...(kind === undefined ? {} : { kind }),
    }
    const path = `${encodeURIComponent(org)}/-/api/v1/search`
    const rows = await withProgress({ json: options.json, label: 'found' }, async (progress) => {
      const found: Row[] = []
      for await (const row of clientOf(options).list<Row>(path, query)) {
        found.push(row)
        progress.advance()
      }
      return found
    })
    print(options, ['kind', 'repository', 'name', 'latest', 'size', 'description'], rows)
  })
}
