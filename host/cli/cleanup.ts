import { type Command, InvalidArgumentError } from 'commander'
import { type CommonOptions, clientOf, common, done, print, printOne } from './output.js'

interface RuleOptions extends CommonOptions {
  readonly olderThan?: number
  readonly notDownloadedFor?: number
  readonly keepVersions?: number
  readonly keepBuilds?: number
  readonly releases?: boolean
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly delay?: number
  readonly activate?: boolean
}
type Row = Readonly<Record<string, unknown>>

const path = (org: string, repository: string) =>
  `${encodeURIComponent(org)}/-/api/v1/repositories/${encodeURIComponent(repository)}/cleanup`

const ruled = (command: Command) =>
  common(command)
    .option('--older-than <days>', 'published so many days ago', number)
    .option('--not-downloaded-for <days>', 'fetched by nobody for so many days', number)
    .option('--keep-versions <count>', 'so many newest versions of a package stay', number)
    .option('--keep-builds <count>', 'Maven: so many newest builds of a snapshot stay', number)
    .option('--releases', 'Maven: releases too, not snapshots alone')
    .option('--include <pattern...>', 'packages that the rules are for')
    .option('--exclude <pattern...>', 'packages that they are not for')
    .option('--delay <days>', 'days between falling under the rules and going', number)

export function cleanupCommand(program: Command): void {
  const cleanup = program.command('cleanup').description('what of a repository goes by itself, and can be brought back')
  ruled(
    cleanup.command('set <organization> <repository>').description('set the rules: a version goes when all that are given hold'),
  )
    .option('--activate', 'at once, not a day later')
    .action(async (org: string, repository: string, options: RuleOptions) => {
      const body = { rules: rulesOf(options), ...(options.activate ? { activate: true } : {}) }
      show(options, await clientOf(options).send<Row>('PUT', path(org, repository), body))
    })
  ruled(
    cleanup
      .command('preview <organization> <repository>')
      .description('what would go, why and when: by the rules that stand, or by those that are given'),
  ).action(async (org: string, repository: string, options: RuleOptions) => {
    const rules = rulesOf(options)
    const body = Object.keys(rules).length > 0 ? { rules } : {}
    const rows: Row[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = new URLSearchParams({ limit: '1000', ...(cursor === '' ? {} : { cursor }) })
      const answer: { readonly items: readonly Row[]; readonly next: string | null } = await clientOf(options).send(
        'POST',
        `${path(org, repository)}/preview?${query}`,
        body,
      )
      rows.push(...answer.items)
      cursor = answer.next
    }
    print(options, ['package', 'version', 'build', 'publishedAt', 'reason', 'goesAt'], rows)
  })
  common(cleanup.command('show <organization> <repository>').description('the rules')).action(
    async (org: string, repository: string, options: CommonOptions) => {
      show(options, await clientOf(options).get<Row>(path(org, repository)))
    },
  )
  common(cleanup.command('off <organization> <repository>').description('let nothing go by itself')).action(
    async (org: string, repository: string, options: CommonOptions) => {
      await clientOf(options).send('DELETE', path(org, repository))
      done(options, `nothing of ${repository} goes by itself`)
    },
  )
}

function rulesOf(options: RuleOptions): Row {
  const { olderThan, notDownloadedFor, keepVersions, keepBuilds, releases, include, exclude, delay } = options
  const all = {
    olderThanDays: olderThan,
    notDownloadedForDays: notDownloadedFor,
    keepVersions,
    keepBuilds,
    releases,
    include,
    exclude,
  }
  return Object.fromEntries(Object.entries({ ...all, delayDays: delay }).filter(([, value]) => value !== undefined))
}

function show(options: CommonOptions, state: Row): void {
  printOne(options, options.json ? state : { ...state, rules: JSON.stringify(state['rules']) })
}

function number(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A whole number is expected.')
}
