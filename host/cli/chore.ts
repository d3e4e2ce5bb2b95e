import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { type ApiClient, Refused } from './api-client.js'
import { type CommonOptions, clientOf, common, print, printOne } from './output.js'

type Fields = Readonly<Record<string, unknown>>
interface Chore {
  readonly name: string
  readonly runs: number
  readonly running: boolean
  readonly last: {
    readonly at: string
    readonly milliseconds: number
    readonly outcome: string
    readonly result: Fields | null
    readonly error: string | null
  } | null
}
interface RunWishes extends CommonOptions {
  readonly dryRun?: boolean
  readonly confirm?: boolean
}

const path = (name: string) => `-/api/v1/chores/${encodeURIComponent(name)}`

export function choreCommand(program: Command): void {
  const chore = program.command('chore').description('what the server does for itself')
  common(chore.command('list').description('every chore, and when it last ran')).action(async (options: CommonOptions) => {
    const chores = await clientOf(options).get<readonly Chore[]>('-/api/v1/chores')
    const rows = chores.map(({ last, ...one }) => ({
      ...one,
      at: last?.at,
      milliseconds: last?.milliseconds,
      outcome: last?.outcome,
      says: last?.error ?? last?.result?.['brake'] ?? '',
    }))
    if (options.json) print(options, [], chores as unknown as readonly Fields[])
    else print(options, ['name', 'running', 'runs', 'failures', 'at', 'milliseconds', 'outcome', 'says'], rows)
  })
  common(chore.command('show <name>').description('one chore, with what it did last')).action(
    async (name: string, options: CommonOptions) => show(options, await clientOf(options).get<Chore>(path(name))),
  )
  wishes(chore.command('run <name>').description('run one now')).action((name: string, options: RunWishes) => run(name, options))
  wishes(program.command('sweep').description('take away what nobody can use any more')).action((options: RunWishes) =>
    run('sweep', options),
  )
}

function wishes(command: Command): Command {
  return common(
    command
      .option('--dry-run', 'tell what would go, and why; remove nothing')
      .option('--confirm', 'go on although a brake says stop'),
  )
}

async function run(name: string, options: RunWishes): Promise<void> {
  const client = clientOf(options)
  const body = { dryRun: options.dryRun === true, confirmed: options.confirm === true }
  const chore = await ended(client, name, await client.send<Chore>('POST', `${path(name)}/run`, body))
  show(options, chore)
  if (chore.last?.outcome === 'failed') throw new Refused(chore.last.error ?? 'it failed')
  if (chore.last?.result?.['brake'] !== undefined && options.dryRun !== true)
    throw new Refused(`stopped by a brake: ${String(chore.last.result['brake'])}`)
}

async function ended(client: ApiClient, name: string, begun: Chore): Promise<Chore> {
  let chore = begun
  while (chore.running) {
    await pause(1_000)
    chore = await client.get<Chore>(path(name))
  }
  return chore
}

function show(options: CommonOptions, chore: Chore): void {
  if (options.json) {
    printOne(options, chore as unknown as Fields)
    return
  }
  const { last, ...rest } = chore
  const { samples, done, ...result } = last?.result ?? {}
  printOne(options, {
    ...rest,
    at: last?.at,
    milliseconds: last?.milliseconds,
    outcome: last?.outcome,
    ...result,
    ...(done as Fields),
  })
  if (!Array.isArray(samples) || samples.length === 0) return
  const rows = (samples as readonly Fields[]).map(({ deed, why, ...what }) => ({
    deed,
    what: Object.entries(what)
      .map(([field, value]) => `${field} ${String(value)}`)
      .join(', '),
    why,
  }))
  print(options, ['deed', 'what', 'why'], rows)
}
