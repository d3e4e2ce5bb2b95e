import type { Command } from 'commander'
import { Refused } from './api-client.js'
import { type CommonOptions, print, printOne } from './output.js'
import { withProgress } from './progress.js'

interface DoctorOptions extends Pick<CommonOptions, 'json'> {
  readonly config?: string
  readonly data?: boolean
}
const mostProblems = 1_000

/** `cloudrepo doctor`: asks no server; reads the settings that `serve` reads, and looks at what they name. */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check the place and the stores that the settings name, and say what to do; 1 where a house could not serve')
    .option('--config <file>', 'settings, default cloudrepo.json where there is one; the environment outranks them')
    .option('--data', 'walk all rows and blobs instead: each named blob is there, no row hangs in the air')
    .option('--json', 'print JSON instead of a table')
    .action((options: DoctorOptions) => (options.data === true ? examineData(options) : examineHouse(options)))
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
