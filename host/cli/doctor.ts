import type { Command } from 'commander'
import { Misused, Refused } from './api-client.js'
import { type CommonOptions, print, printOne } from './output.js'
import { withProgress } from './progress.js'

interface DoctorOptions extends Pick<CommonOptions, 'json'> {
  readonly config?: string
  readonly data?: boolean
  readonly keys?: boolean
}
const mostProblems = 1_000

/** `cloudrepo doctor`: asks no server; reads the settings that `serve` reads, and looks at what they name. */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check the place and the stores that the settings name, and say what to do; 1 where a house could not serve')
    .option('--config <file>', 'settings, default cloudrepo.json where there is one; the environment outranks them')
    .option('--data', 'walk all rows and blobs instead: each named blob is there, no row hangs in the air')
    .option('--keys', 'walk all rows instead: how those of each kind spread over partitions')
    .option('--json', 'print JSON instead of a table')
    .action((options: DoctorOptions) => {
      if (options.data === true && options.keys === true) throw new Misused('error: --data and --keys are two walks')
      if (options.data === true) return examineData(options)
      return options.keys === true ? examineSpread(options) : examineHouse(options)
    })
}

async function examineHouse(options: DoctorOptions): Promise<void> {
  const [{ readSettings }, { examine }] = await Promise.all([
    import('../config/read-settings.js'),
    import('../doctor/examine.js'),
  ])
  const findings = await examine(await readSettings(process.env, options.config))
  print(options, ['check', 'level', 'says', 'todo'], findings as readonly object[] as readonly Record<string, unknown>[])
  const fatal = findings.filter(({ level }) => level === 'fatal').length
  if (fatal > 0) throw new Refused(fatal === 1 ? 'one finding is fatal' : `${fatal} findings are fatal`)
}

async function examineData(options: DoctorOptions): Promise<void> {
  const [{ readSettings }, { examineContents }] = await Promise.all([
    import('../config/read-settings.js'),
    import('../doctor/examine-contents.js'),
  ])
  const settings = await readSettings(process.env, options.config)
  const problems: Record<string, unknown>[] = []
  const count = await withProgress({ json: options.json, label: 'rows' }, (progress) =>
    examineContents(settings, {
      onRows: (rows) => progress.expect(rows),
      onRow: () => progress.advance(),
      onProblem: (problem) => {
        if (problems.length < mostProblems) problems.push({ ...problem })
      },
    }),
  )
  if (options.json) printOne(options, { ...count, found: problems })
  else {
    if (problems.length > 0) print(options, ['kind', 'where', 'says'], problems)
    printOne(options, { ...count })
  }
  if (count.problems > 0) throw new Refused(`${count.problems} problems; nothing was changed`)
}

async function examineSpread(options: DoctorOptions): Promise<void> {
  const [{ readSettings }, { examineKeys }] = await Promise.all([
    import('../config/read-settings.js'),
    import('../doctor/examine-contents.js'),
  ])
  const settings = await readSettings(process.env, options.config)
  const kinds = await withProgress({ json: options.json, label: 'rows' }, (progress) =>
    examineKeys(settings, { onRows: (rows) => progress.expect(rows), onRow: () => progress.advance() }),
  )
  if (options.json) return print(options, [], kinds as readonly object[] as readonly Record<string, unknown>[])
  const all = kinds.reduce((sum, { bytes }) => sum + bytes, 0)
  const rows = kinds.map(({ largest, ...one }) => ({
    ...one,
    largest: largest.name,
    'its rows': largest.rows,
    'of all bytes': `${((100 * largest.bytes) / all).toFixed(2)} %`,
  }))
  print(options, ['kind', 'rows', 'bytes', 'partitions', 'largest', 'its rows', 'of all bytes'], rows)
}
