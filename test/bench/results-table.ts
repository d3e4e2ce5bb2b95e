import { type Figures, type Goal, ratio, type Standing } from './contest.js'

/** One line of the table: ours against one other server. */
export interface Line {
  readonly case: string
  readonly against: string
  readonly ours: Figures
  readonly theirs: Figures
  readonly byAnswers: number
  readonly byCpu: number
  readonly goal: Goal | undefined
  readonly met: boolean | undefined
}

/** In the order of the cases; of each case in the order of its servers. */
export function linesOf(standings: readonly Standing[]): readonly Line[] {
  return standings.flatMap((standing) => {
    const [ours, ...others] = standing.figures
    if (!ours) return []
    return others.map((theirs) => {
      const goal = standing.goals.find(({ against }) => against === theirs.name)
      const byAnswers = ratio(standing, theirs.name, 'answers') ?? 0
      const byCpu = ratio(standing, theirs.name, 'CPU') ?? 0
      const met = goal && (goal.by === 'answers' ? byAnswers : byCpu) >= goal.atLeast
      return { case: standing.case, against: theirs.name, ours, theirs, byAnswers, byCpu, goal, met }
    })
  })
}

const columns = ['case', 'against', 'ours/s', 'its/s', 'ratio', 'our CPU µs', 'its CPU µs', 'CPU ratio', 'goal', 'met'] as const

function cells(line: Line): readonly string[] {
  const { ours, theirs, goal, met } = line
  return [
    line.case,
    line.against,
    rounded(ours.perSecond),
    rounded(theirs.perSecond),
    times(line.byAnswers),
    rounded(ours.cpuPerAnswer),
    rounded(theirs.cpuPerAnswer),
    times(line.byCpu),
    goal ? `≥ ${goal.atLeast} by ${goal.by}` : '',
    met === undefined ? '' : met ? 'yes' : 'no',
  ]
}

/** For a terminal: columns of equal width. */
export function plainTable(lines: readonly Line[]): string {
  const rows = [columns, ...lines.map(cells)]
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, at) => pad(cell, widths[at] ?? 0, at))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The results as a page: what ran where, the table, what could not be had. `machine`: in general words. */
export function resultsPage(standings: readonly Standing[], machine: string): string {
  const lines = linesOf(standings)
  const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`
  const missing = [...new Set(standings.flatMap((standing) => standing.missing))]
  const notes = [...new Set(standings.flatMap(({ case: name, notes = [] }) => notes.map((note) => `* ${short(name)}: ${note}.`)))]
  return [
    '# Results',
    '',
    `${machine} Medians of interleaved rounds, all servers of a case in one run, the load from the same machine. *ours/s* and *its/s* are answers a second, *CPU* is processor time of all processes of a server for each answer. A ratio above 1 means that ours is better: more answers, or less processor time for each. Made by \`npm run bench\`.`,
    '',
    '![How many times better than each other server](results.svg)',
    '',
    row(columns),
    row(columns.map((_, at) => (at < 2 || at > 7 ? '---' : '---:'))),
    ...lines.map((line) => row(cells(line))),
    '',
    ...notes,
    ...(missing.length > 0 ? ['', `Could not be had, so not measured: ${missing.join(', ')}.`] : []),
    '',
  ].join('\n')
}

/** A case without its manner. */
function short(name: string): string {
  return name.split(',')[0] ?? name
}

function pad(text: string, width: number, column: number): string {
  return column < 2 || column > 7 ? text.padEnd(width) : text.padStart(width)
}

/** Three figures that count. */
function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}

/** A ratio: two figures that count. */
export function times(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
}
