import Table from 'cli-table3'
import type { Command } from 'commander'
import { ApiClient, Refused } from './api-client.js'
import { printable } from './printable.js'

export interface CommonOptions {
  readonly url?: string
  readonly token?: string
  readonly json?: boolean
}

/** Of commands that need no token. */
export type OpenOptions = Omit<CommonOptions, 'token'>

const urlOption = [
  '--url <url>',
  'address of the server (default: CLOUDREPO_URL, else the server of the data folder, else http://127.0.0.1:8080)',
] as const
const jsonOption = ['--json', 'print JSON instead of a table'] as const

/** The three options that every command of the management interface has. */
export function common(command: Command): Command {
  return command
    .option(...urlOption)
    .option('--token <token>', 'token to use (default: CLOUDREPO_TOKEN, else the operator-token file of the data folder)')
    .option(...jsonOption)
}

/** Those of a command that needs no token. */
export function withoutToken(command: Command): Command {
  return command.option(...urlOption).option(...jsonOption)
}
export function anonymousClientOf({ url }: OpenOptions): ApiClient {
  return new ApiClient({ anonymous: true, ...(url === undefined ? {} : { url }) })
}

export function clientOf(options: CommonOptions): ApiClient {
  return new ApiClient(options)
}

/** Rows as a table that a person can read, or as JSON for machines. */
export function print(
  options: CommonOptions,
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
): void {
  if (options.json) {
    printJson(rows)
    return
  }
  if (rows.length === 0) {
    console.log('nothing')
    return
  }
  const table = new Table({ head: [...columns], style: { head: [], border: [] } })
  for (const row of rows) table.push(columns.map((column) => cell(row[column])))
  console.log(table.toString())
}

/** One thing: its table is a row a field. */
export function printOne(options: CommonOptions, thing: Readonly<Record<string, unknown>>): void {
  if (options.json) printJson(thing)
  else {
    const table = new Table({ style: { head: [], border: [] } })
    for (const [name, value] of Object.entries(thing)) table.push([name, cell(value)])
    console.log(table.toString())
  }
}

/** For machines, and still fit for a terminal. */
export function printJson(value: unknown): void {
  console.log(printable(JSON.stringify(value, null, 2)))
}

/** For what has no answer of its own. */
export function done(options: CommonOptions, text: string): void {
  console.log(options.json ? JSON.stringify({ ok: true }) : printable(text))
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Standard input to its end, without the newline that `echo` puts there: passwords never stand in an argument. */
export async function standardInput(): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    size += (chunk as Buffer).length
    if (size > 8_192) throw new Refused('standard input is longer than any password')
    chunks.push(chunk as Buffer)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, '')
  } catch {
    throw new Refused('standard input is not UTF-8')
  }
}

function cell(value: unknown): string {
  return printable(text(value))
}

function text(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, one]) => `${name} ${String(one)}`)
      .join(', ')
  return String(value)
}
