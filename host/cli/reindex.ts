import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { Refused } from './api-client.js'
import { type CommonOptions, clientOf, common, printOne } from './output.js'
import { withProgress } from './progress.js'

interface Reindex {
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly files: number
  readonly expectedFiles: number | null
  readonly failed: number
  readonly error: string | null
}
const glance = 300

export function reindexCommand(program: Command): void {
  common(
    program
      .command('reindex <organization> <repository>')
      .description('make the lists of packages and folders again from what is stored, and wait for the end')
      .option('--dry-run', 'count what would change; change nothing'),
  ).action(async (org: string, repository: string, options: CommonOptions & { dryRun?: boolean }) => {
    const client = clientOf(options)
    const path = `${encodeURIComponent(org)}/-/api/v1/repositories/${encodeURIComponent(repository)}/reindex`
    const ended = await withProgress({ json: options.json, label: repository }, async (progress) => {
      let one = await client.send<Reindex>('POST', path, { dryRun: options.dryRun === true })
      for (let shown = 0; ; one = await client.get<Reindex>(path)) {
        progress.expect(one.expectedFiles ?? 0)
        progress.advance(one.files - shown)
        shown = one.files
        if (one.state === 'done' || one.state === 'failed') return one
        await pause(glance)
      }
    })
    printOne(options, { ...ended })
    if (ended.state === 'failed') throw new Refused(ended.error ?? 'it failed')
    if (ended.failed > 0) throw new Refused(`${ended.failed} packages could not be read; the log of the server names them`)
  })
}
