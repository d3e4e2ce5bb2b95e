import { type LoadResult, load, type Requests, repeated } from './load.js'
import { cpuOfTree, median } from './process-cpu.js'

/** A server beside ours, in processes of its own. `pid`: the first of them. */
export interface Rival {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** One server in one case. */
export interface Contender {
  readonly name: string
  readonly port: number
  /** Its first process; the time of its children counts. */
  readonly pid: number
  /** What it is asked again and again, or the requests of one round. */
  readonly request: Buffer | (() => Promise<Requests>)
  /** What a good answer has; 200 by default. */
  readonly status?: number
}

/** How ours has to stand: so many times the answers a second of `against`, or its processor time an answer so many times ours. */
export interface Goal {
  readonly against: string
  readonly by: 'answers' | 'CPU'
  readonly atLeast: number
}

export interface Figures {
  readonly name: string
  readonly perSecond: number
  /** Microseconds of all its processes. */
  readonly cpuPerAnswer: number
}
export interface Standing {
  readonly case: string
  /** Ours is the first. */
  readonly figures: readonly Figures[]
  readonly goals: readonly Goal[]
  /** What could not be had. */
  readonly missing: readonly string[]
  /** What else was measured, in words. */
  readonly notes?: readonly string[]
}

export interface Contest {
  readonly case: string
  readonly connections: number
  /** Ours is the first; undefined ones could not be had. */
  readonly contenders: readonly Contender[]
  readonly goals: readonly Goal[]
  readonly missing?: readonly string[]
}

export const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
export const milliseconds = Number(process.env['BENCH_MS'] ?? 1_000)
/** Before the rounds, and not counted: a server that compiles itself while it runs is measured as it stands after its first seconds. Milliseconds; as many
 *  rounds where requests are made for each. */
const warmUp = { milliseconds: 2_500, rounds: 4 }

/** All of them in turns, so that whatever else the machine does weighs on each; answers a second are medians of the rounds, after the warm-up. Rejects where an
 *  answer was not what it should be. */
export async function contest({ contenders, connections, missing = [], ...rest }: Contest): Promise<Standing> {
  const series = contenders.map(() => ({ perSecond: [] as number[], answers: 0, cpu: 0 }))
  const run = async (contender: Contender, requests: Requests): Promise<LoadResult> => {
    const result = await load({ ...contender, connections, requests })
    check(contender.name, result)
    return result
  }
  for (const contender of contenders) {
    const { request } = contender
    if (typeof request !== 'function') await run(contender, repeated(request, warmUp.milliseconds))
    else for (let round = 0; round < warmUp.rounds; round++) await run(contender, await request())
  }
  for (let round = 0; round < rounds; round++)
    for (const [place, contender] of contenders.entries()) {
      const { request } = contender
      const requests = typeof request === 'function' ? await request() : repeated(request, milliseconds)
      const before = cpuOfTree(contender.pid)
      const { perSecond, answers } = await run(contender, requests)
      const cpu = cpuOfTree(contender.pid) - before
      const own = series[place]
      if (own === undefined) continue
      own.perSecond.push(perSecond)
      own.answers += answers
      own.cpu += cpu * 1_000
    }
  // The clock of processor time ticks a hundred times a second: the rounds are taken together.
  const figures = series.map(({ perSecond, answers, cpu }, place) => ({
    name: contenders[place]?.name ?? '',
    perSecond: median(perSecond),
    cpuPerAnswer: cpu / answers,
  }))
  return { case: rest.case, goals: rest.goals, figures, missing }
}

function check(name: string, { failures, answers }: LoadResult): void {
  if (failures > 0 || answers === 0) throw new Error(`${name}: ${failures} failures beside ${answers} good answers`)
}

/** How many times better ours is; below 1: worse. Undefined where the other was not there. */
export function ratio({ figures }: Standing, against: string, by: Goal['by']): number | undefined {
  const ours = figures[0]
  const theirs = figures.find(({ name }) => name === against)
  if (!ours || !theirs) return undefined
  return by === 'answers' ? ours.perSecond / theirs.perSecond : theirs.cpuPerAnswer / ours.cpuPerAnswer
}

/** A program's last step: its rows for people, or for the program that runs all of them. */
export function show(standings: readonly Standing[]): void {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify(standings))
    return
  }
  for (const standing of standings) {
    console.log(standing.case)
    console.table(
      standing.figures.map(({ name, perSecond, cpuPerAnswer }) => ({
        server: name,
        'answers/s': Number(perSecond.toPrecision(4)),
        'CPU µs/answer': Math.round(cpuPerAnswer),
        'ours, answers': ratio(standing, name, 'answers')?.toFixed(2),
        'ours, CPU': ratio(standing, name, 'CPU')?.toFixed(2),
      })),
    )
    for (const goal of standing.goals) console.log(verdict(standing, goal))
    for (const name of standing.missing) console.log(`${name} could not be had`)
    for (const note of standing.notes ?? []) console.log(note)
  }
}

/** A goal in words, with what was reached. */
export function verdict(standing: Standing, goal: Goal): string {
  const reached = ratio(standing, goal.against, goal.by)
  const wanted = `≥ ${goal.atLeast} × ${goal.against} by ${goal.by === 'answers' ? 'answers a second' : 'processor time'}`
  if (reached === undefined) return `${wanted}: not measured`
  return `${wanted}: ${reached.toPrecision(3)}, ${reached >= goal.atLeast ? 'met' : 'not met'}`
}
