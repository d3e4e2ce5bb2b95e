import type { Command } from 'commander'
import { type CommonOptions, done, printOne } from './output.js'
import { withProgress } from './progress.js'

interface MoveOptions extends Pick<CommonOptions, 'json'> {
  readonly config?: string
  readonly to: string
}

/** `cloudrepo move`: asks no server; works on the places that two settings name. */
export function moveCommand(program: Command): void {
  program
    .command('move')
    .description('bring everything into another place while the house serves, compare it, and let the new place be served from')
    .requiredOption('--to <file>', 'settings of the new place, an empty one or one that a move to was begun')
    .option(
      '--config <file>',
      'settings of the old place, default cloudrepo.json where there is one; the environment outranks them',
    )
    .option('--json', 'print JSON instead of text')
    .action(run)
}

async function run(options: MoveOptions): Promise<void> {
  const [{ readSettings }, { runMove }] = await Promise.all([import('../config/read-settings.js'), import('../move/run-move.js')])
  const from = await readSettings(process.env, options.config)
  const to = await readSettings({}, options.to)
  process.umask(0o077)
  const moved = await runMove(from, to, {
    phase: (name, total, work) =>
      withProgress({ json: options.json, label: name, ...(total === undefined ? {} : { total }) }, (progress) =>
        work(() => progress.advance()),
      ),
  })
  if (options.json) return printOne(options, { ...moved })
  const { rows, keys, blobs, readOnly } = moved
  done(options, `${rows} rows, ${keys} keys and ${blobs} blobs are in the new place, each compared with the old one.`)
  done(options, `The old house took no writes for ${(readOnly / 1000).toFixed(1)} s, and takes none from now on.`)
  done(options, `Stop it, and start the house with ${options.to}.`)
}
