import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ApiClient, Misused, Refused } from './api-client.js'
import { all, type CommonOptions, clientOf, common, done, print, printJson } from './output.js'

const tokens = (org: string) => `${encodeURIComponent(org)}/-/api/v1/tokens`
type Row = Readonly<Record<string, unknown>>
const scimTokens = (org: string) => `${encodeURIComponent(org)}/-/api/v1/scim-tokens`
interface TokenOptions extends CommonOptions {
  readonly scim?: boolean
  readonly name: string
  readonly repository?: string
  readonly scope: string
  readonly expires?: number
  readonly cidr?: readonly string[]
}

const more = (value: string, before: readonly string[] = []) => [...before, value]
const scimColumns = ['id', 'connection', 'prefix', 'cidr', 'createdAt', 'expiresAt', 'lastUsedAt']
const columns = ['id', 'member', 'name', 'prefix', 'scopes', 'expiresAt', 'lastUsedAt']

export function tokenCommand(program: Command): void {
  const token = program.command('token').description('tokens of members and service accounts')
  common(
    token
      .command('create <organization> [member]')
      .description('issue a token and print it, once and alone')
      .option('--scim', 'for an identity provider, by the name that is given: good for SCIM alone, 365d by default')
      .requiredOption('--name <name>', 'what it is for')
      .option('--repository <name>', 'only this repository (default: all that the member may reach)')
      .addOption(
        new Option('--scope <scope>', 'what it may do; each includes those before it')
          .choices(['read', 'write', 'delete'])
          .default('read'),
      )
      .addOption(new Option('--expires <days>', 'days that it lives, such as 30d (default: 90d)').argParser(days))
      .option('--cidr <network>', 'only from this network; may stand several times', more),
  ).action(async (org: string, member: string | undefined, options: TokenOptions) => {
    const client = clientOf(options)
    const cidr = options.cidr === undefined ? {} : { cidr: options.cidr }
    if (options.scim === true) {
      if (member !== undefined) throw new Misused('error: a token of an identity provider belongs to no member')
      const expires = options.expires === undefined ? {} : { expiresInDays: options.expires }
      show(options, await client.send<Row>('POST', scimTokens(org), { connection: options.name, ...expires, ...cidr }))
      return
    }
    if (member === undefined) throw new Misused('error: say whose token it is, or --scim')
    const repository = options.repository === undefined ? '*' : await repositoryId(client, org, options.repository)
    const issued = await client.send<Row>('POST', tokens(org), {
      member,
      name: options.name,
      scopes: [`repo:${repository}:${options.scope}`],
      expiresInDays: options.expires ?? 90,
      ...cidr,
    })
    show(options, issued)
  })
  common(
    token
      .command('list <organization> [member]')
      .description('tokens of everybody or of one member, without their secrets')
      .option('--scim', 'those of identity providers'),
  ).action(async (org: string, member: string | undefined, options: CommonOptions & { readonly scim?: boolean }) => {
    if (options.scim === true) {
      print(options, scimColumns, await all(clientOf(options).list<Row>(scimTokens(org), {})))
      return
    }
    const query: Record<string, string> = member === undefined ? {} : { member }
    print(options, columns, await all(clientOf(options).list<Row>(tokens(org), query)))
  })
  common(
    token
      .command('rotate <organization> <id>')
      .description('issue another token of the same scopes and life, and print it, once and alone')
      .option('--member <name>', 'whose it is; found where it is not said')
      .addOption(new Option('--overlap <days>', 'days that the old one goes on, 0d to 7d').argParser(overlap).default(1, '1d')),
  ).action(async (org: string, id: string, options: CommonOptions & { readonly member?: string; readonly overlap: number }) => {
    const body = { overlapDays: options.overlap, ...(options.member === undefined ? {} : { member: options.member }) }
    const issued = await clientOf(options).send<Row>('POST', `${tokens(org)}/${encodeURIComponent(id)}/rotate`, body)
    if (options.json) printJson(issued)
    else console.log(issued['token'])
  })
  common(
    token
      .command('revoke <organization> <id>')
      .description('revoke a token, dead at the next request')
      .option('--member <name>', 'whose it is; found where it is not said')
      .option('--scim', 'it is one of an identity provider'),
  ).action(async (org: string, id: string, options: CommonOptions & { readonly member?: string; readonly scim?: boolean }) => {
    const { member, scim } = options
    const query = member === undefined ? '' : `?${new URLSearchParams({ member })}`
    const list = scim === true ? scimTokens(org) : tokens(org)
    await clientOf(options).send('DELETE', `${list}/${encodeURIComponent(id)}${query}`)
    done(options, `token ${id} is revoked`)
  })
}

function show(options: CommonOptions, issued: Row): void {
  if (options.json) printJson(issued)
  else console.log(issued['token'])
}

function overlap(text: string): number {
  const found = /^([0-7])d?$/.exec(text)
  if (!found) throw new InvalidArgumentError('Days are expected, 0d to 7d.')
  return Number(found[1])
}

function days(text: string): number {
  const found = /^([1-9]\d{0,2})d?$/.exec(text)
  if (!found) throw new InvalidArgumentError('Days are expected, such as 30d.')
  return Number(found[1])
}

/** Scopes carry ids, so that a rename moves nothing. */
async function repositoryId(client: ApiClient, org: string, name: string): Promise<string> {
  const { id } = await client.get<{ readonly id?: string }>(
    `${encodeURIComponent(org)}/-/api/v1/repositories/${encodeURIComponent(name)}`,
  )
  if (id === undefined) throw new Refused(`repository ${name} has no id`)
  return id
}
