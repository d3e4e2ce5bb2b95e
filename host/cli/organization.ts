import { type Command, InvalidArgumentError } from 'commander'
import { Misused } from './api-client.js'
import { type ReadOnlyOptions, readOnlyWord, reasonOf } from './instance.js'
import { setting } from './key-value.js'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'
import { parseBytes } from './usage.js'

const path = (name: string) => `-/api/v1/organizations/${encodeURIComponent(name)}`
const columns = ['name', 'status', 'publicAllowed', 'createdAt']
type Row = Readonly<Record<string, unknown>>

export function organizationCommand(program: Command): void {
  const organization = program.command('organization').description('organizations of this instance')
  common(
    organization.command('create <name>').description('make an organization').option('--display-name <text>', 'shown to people'),
  ).action(async (name: string, options: CommonOptions & { displayName?: string }) => {
    const body = { name, ...(options.displayName === undefined ? {} : { displayName: options.displayName }) }
    printOne(options, await clientOf(options).send<Row>('POST', '-/api/v1/organizations', body))
  })
  common(organization.command('list').description('all organizations')).action(async (options: CommonOptions) => {
    print(options, columns, await all(clientOf(options).list<Row>('-/api/v1/organizations')))
  })
  common(organization.command('show <name>').description('one organization')).action(
    async (name: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).get<Row>(path(name)))
    },
  )
  common(organization.command('delete <name>').description('remove an organization and everything in it')).action(
    async (name: string, options: CommonOptions) => {
      await clientOf(options).send('DELETE', path(name))
      done(options, `organization ${name} is gone`)
    },
  )
  common(
    organization
      .command('update <name> [settings...]')
      .description(
        'change an organization, by options or KEY=VALUE: mfa=required (off, optional), mfaGraceDays=14, passwordsOnArtifacts=refused (allowed), codeOnPublish=true, holdLeavers=true',
      )
      .option('--display-name <text>', 'shown to people')
      .option('--public', 'public repositories are readable without credentials')
      .option('--no-public', 'nothing is, whatever the repository says')
      .option('--quota <size>', 'most that it may store, as 10GiB', parseBytes)
      .option('--no-quota', 'as much as there is room for')
      .option('--undo-days <days>', 'deletes can be undone so long, 0 to 90', days)
      .option('--no-undo-days', 'as long as the server says')
      .option('--min-password-length <characters>', 'of passwords that are set from now on, 8 to 64', passwordLength)
      .option('--no-min-password-length', 'eight'),
  ).action(
    async (
      name: string,
      settings: readonly string[],
      options: CommonOptions & {
        displayName?: string
        public?: boolean
        quota?: number | boolean
        undoDays?: number | boolean
        minPasswordLength?: number | boolean
      },
    ) => {
      const body = {
        ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
        ...(options.public === undefined ? {} : { publicAllowed: options.public }),
        ...(typeof options.quota === 'number' ? { quota: { storageBytes: options.quota } } : {}),
        ...(options.quota === false ? { quota: null } : {}),
        ...(typeof options.undoDays === 'number' ? { undoDays: options.undoDays } : {}),
        ...(options.undoDays === false ? { undoDays: null } : {}),
        ...(typeof options.minPasswordLength === 'number' ? { minPasswordLength: options.minPasswordLength } : {}),
        ...(options.minPasswordLength === false ? { minPasswordLength: null } : {}),
        ...Object.fromEntries(settings.map(setting)),
      }
      if (Object.keys(body).length === 0)
        throw new Misused(
          'error: nothing to change: give --display-name, --public, --no-public, --quota, --no-quota, --undo-days, --no-undo-days, --min-password-length, --no-min-password-length or KEY=VALUE',
        )
      printOne(options, await clientOf(options).send<Row>('PATCH', path(name), body))
    },
  )
  common(
    organization.command('rename <name> <new-name>').description('give it another name; the old address answers 404'),
  ).action(async (name: string, newName: string, options: CommonOptions) => {
    printOne(options, await clientOf(options).send<Row>('PATCH', path(name), { name: newName }))
  })
  readOnlyWord(
    organization.command('read-only <name> [off]').description('take no writes, and say why; `off`: take them again'),
  ).action(async (name: string, off: string | undefined, options: ReadOnlyOptions) => {
    printOne(options, await clientOf(options).send<Row>('PATCH', path(name), { readOnly: reasonOf(off, options) }))
  })
  for (const [word, status, description] of [
    ['suspend', 'suspended', 'let nobody but the operator in, from the next request on'],
    ['resume', 'active', 'let its members in again'],
  ] as const)
    common(organization.command(`${word} <name>`).description(description)).action(
      async (name: string, options: CommonOptions) => {
        printOne(options, await clientOf(options).send<Row>('PATCH', path(name), { status }))
      },
    )
}

function passwordLength(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 8 && Number(text) <= 64) return Number(text)
  throw new InvalidArgumentError('8 to 64 characters are expected.')
}
function days(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 90) return Number(text)
  throw new InvalidArgumentError('0 to 90 days are expected.')
}
