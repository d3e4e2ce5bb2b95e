import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'

type Row = Readonly<Record<string, unknown>>

const api = (org: string) => `${encodeURIComponent(org)}/-/api/v1`
const columns = ['id', 'member', 'state', 'requestedAt', 'notBefore', 'dueAt', 'blocked', 'shownAs']

export function privacyCommand(program: Command): void {
  const privacy = program
    .command('privacy')
    .description('what is held about persons: told to them, and taken away where they ask for it')
  common(
    privacy
      .command('export <organization> <member>')
      .description('everything that is held about a member, as JSON lines')
      .option('--output <file>', 'write a new file instead of standard output'),
  ).action(async (org: string, member: string, options: CommonOptions & { readonly output?: string }) => {
    const lines = await clientOf(options).download(`${api(org)}/members/${encodeURIComponent(member)}/data`)
    if (options.output === undefined) await pipeline(lines, process.stdout, { end: false })
    else await pipeline(lines, createWriteStream(options.output, { flags: 'wx', mode: 0o600 }))
  })
  common(
    privacy
      .command('erase <organization> <member>')
      .description('ask that a member is erased: done after 72 hours, and within 30 days')
      .option('--reason <text>', 'kept with the request and its certificate'),
  ).action(async (org: string, member: string, options: CommonOptions & { readonly reason?: string }) => {
    const body = { member, ...(options.reason === undefined ? {} : { reason: options.reason }) }
    printOne(options, await clientOf(options).send<Row>('POST', `${api(org)}/erasures`, body))
  })
  common(privacy.command('cancel <organization> <id>').description('take a request to erase a member back')).action(
    async (org: string, id: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).send<Row>('POST', `${api(org)}/erasures/${encodeURIComponent(id)}/cancel`))
    },
  )
  common(privacy.command('list <organization>').description('requests to erase a member, newest first')).action(
    async (org: string, options: CommonOptions) => {
      print(options, columns, await all(clientOf(options).list<Row>(`${api(org)}/erasures`)))
    },
  )
  common(privacy.command('show <organization> <id>').description('one request, or the certificate of one that is done')).action(
    async (org: string, id: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).get<Row>(`${api(org)}/erasures/${encodeURIComponent(id)}`))
    },
  )
  common(
    privacy
      .command('hold <organization>')
      .description('show the legal hold, under which nothing of an organization is erased; or set or lift it')
      .option('--reason <text>', 'set it, and why')
      .option('--lift', 'lift it'),
  ).action(async (org: string, options: CommonOptions & { readonly reason?: string; readonly lift?: boolean }) => {
    const path = `${api(org)}/legal-hold`
    if (options.lift) {
      await clientOf(options).send('DELETE', path)
      return done(options, 'the legal hold is lifted')
    }
    const { reason } = options
    const client = clientOf(options)
    const hold = reason === undefined ? client.get<Row>(path) : client.send<Row>('PUT', path, { reason })
    printOne(options, await hold)
  })
}
