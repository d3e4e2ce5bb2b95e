import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { ChainCheck, type ChainPlace, type ChainVerdict } from '#core'
import { Refused } from './api-client.js'
import { type CommonOptions, clientOf, common, print, printJson, printOne } from './output.js'

type Row = Readonly<Record<string, unknown>>
interface ListOptions extends CommonOptions {
  readonly from?: string
  readonly to?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly result?: string
  readonly limit: number
}
interface VerifyOptions extends CommonOptions {
  readonly file?: string
  readonly witness?: readonly ChainPlace[]
}

const path = (org: string) => `${encodeURIComponent(org)}/-/api/v1/audit`
const columns = ['seq', 'time', 'actor', 'action', 'target', 'result', 'ip']
const filters = ['from', 'to', 'actor', 'action', 'target', 'result'] as const

export function auditCommand(program: Command): void {
  const audit = program
    .command('audit')
    .description('who did what in an organization, and the proof that nothing was changed since')
  common(
    audit
      .command('list <organization>')
      .description('the newest of what was done')
      .option('--from <time>', 'of this time and later, such as 2026-11-01T00:00:00Z')
      .option('--to <time>', 'up to this time')
      .option('--actor <name>', 'done by this member, or by this id')
      .option('--action <word>', 'acts of this name, such as token.issue, or of all that begin with it: token')
      .option('--target <name>', 'done to this member, group, repository or id')
      .addOption(new Option('--result <result>', 'only what was done, or only what was refused').choices(['ok', 'refused']))
      .addOption(new Option('--limit <rows>', 'how many at most').argParser(rows).default(100)),
  ).action(async (org: string, options: ListOptions) => {
    const query: Record<string, string> = {}
    for (const name of filters) if (options[name] !== undefined) query[name] = options[name]
    const found: Row[] = []
    for await (const row of clientOf(options).list<Row>(path(org), query)) {
      if (found.length === options.limit) break
      found.push(row)
    }
    print(options, columns, options.json ? found : found.map(line))
  })
  common(
    audit
      .command('export <organization>')
      .description('all rows with their hashes, as JSON lines')
      .option('--after <number>', 'only rows behind this one: what was exported before')
      .option('--output <file>', 'write a new file instead of standard output'),
  ).action(async (org: string, options: CommonOptions & { readonly after?: string; readonly output?: string }) => {
    const query = options.after === undefined ? '' : `?${new URLSearchParams({ after: options.after })}`
    const lines = await clientOf(options).download(`${path(org)}/export${query}`)
    if (options.output === undefined) await pipeline(lines, process.stdout, { end: false })
    else await pipeline(lines, createWriteStream(options.output, { flags: 'wx', mode: 0o600 }))
  })
  common(
    audit
      .command('verify <organization>')
      .description('recompute the chain here, from an export of the server or from a file')
      .option('--file <file>', 'an export that was kept; the server is not asked')
      .addOption(
        new Option(
          '--witness <number:hash>',
          'end of an earlier export: finds what was cut off or made anew since; may stand several times',
        ).argParser(witness),
      ),
  ).action(async (org: string, options: VerifyOptions) => {
    const lines =
      options.file === undefined ? await clientOf(options).download(`${path(org)}/export`) : createReadStream(options.file)
    const { rows: count, begin, end, fault } = await verdictOf(lines, options.witness ?? [])
    const found = { rows: count, first: (begin?.seq ?? 0) + 1, last: end.seq, witness: `${end.seq}:${end.hash}` }
    if (options.json) printJson({ ...found, fault: fault ?? null })
    else if (fault === undefined) printOne(options, found)
    if (fault !== undefined) throw new Refused(`${fault.words} (${fault.kind})`)
  })
}

/** Line by line, whatever its length. */
async function verdictOf(lines: Readable, witnesses: readonly ChainPlace[]): Promise<ChainVerdict> {
  const check = new ChainCheck(witnesses)
  try {
    for await (const text of createInterface({ input: lines, crlfDelay: Number.POSITIVE_INFINITY })) {
      let value: unknown
      try {
        value = JSON.parse(text)
      } catch {
        check.takeUnreadable()
        break
      }
      if (!check.take(value)) break
    }
  } catch (error) {
    throw new Refused(`the export cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  lines.destroy()
  return check.verdict()
}

function line(row: Row): Row {
  const { actor, target, source } = row as { actor: Row; target: Row | null; source: Row | null }
  const named = (one: Row) => `${String(one['kind'])} ${String(one['id'])}`
  return { ...row, actor: named(actor), target: target === null ? '' : named(target), ip: source?.['ip'] ?? '' }
}

function witness(text: string, before: readonly ChainPlace[] = []): readonly ChainPlace[] {
  const [, seq = '', hash = ''] = /^(\d{1,10}):(sha256:[0-9a-f]{64})$/.exec(text) ?? []
  if (seq === '') throw new InvalidArgumentError('A number and a hash are expected, as `audit verify` prints them.')
  return [...before, { seq: Number(seq), hash }]
}
function rows(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('A number of rows is expected.')
  return Number(text)
}
