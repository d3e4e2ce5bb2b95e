import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print, printOne, standardInput } from './output.js'

const members = (org: string) => `${encodeURIComponent(org)}/-/api/v1/members`
const path = (org: string, name: string) => `${members(org)}/${encodeURIComponent(name)}`
const columns = ['name', 'kind', 'role', 'status', 'email']
type Row = Readonly<Record<string, unknown>>

interface MemberOptions extends CommonOptions {
  readonly email?: string
  readonly role?: string
  readonly displayName?: string
  readonly service?: boolean
  readonly passwordStdin?: boolean
}

export function memberCommand(program: Command): void {
  const member = program.command('member').description('members and service accounts of an organization')
  common(
    member
      .command('create <organization> <name>')
      .description('make a member')
      .option('--email <address>')
      .option('--display-name <text>')
      .option('--role <role>', 'owner, admin, developer or reader; without one, grants alone count')
      .option('--service', 'a service account: tokens alone, no password')
      .option('--password-stdin', 'read the password from standard input'),
  ).action(async (org: string, name: string, options: MemberOptions) => {
    const body = {
      name,
      ...(options.email === undefined ? {} : { email: options.email }),
      ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
      ...(options.role === undefined ? {} : { role: options.role }),
      ...(options.service ? { kind: 'service' } : {}),
      ...(options.passwordStdin ? { password: await standardInput() } : {}),
    }
    printOne(options, await clientOf(options).send<Row>('POST', members(org), body))
  })
  common(member.command('list <organization>').description('all members')).action(async (org: string, options: CommonOptions) => {
    print(options, columns, await all(clientOf(options).list<Row>(members(org))))
  })
  common(member.command('show <organization> <name>').description('one member')).action(
    async (org: string, name: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).get<Row>(path(org, name)))
    },
  )
  common(
    member
      .command('update <organization> <name>')
      .description('change a member')
      .option('--role <role>', "'none' takes it away")
      .option('--email <address>'),
  ).action(async (org: string, name: string, options: MemberOptions) => {
    const body = {
      ...(options.role === undefined ? {} : { role: options.role === 'none' ? null : options.role }),
      ...(options.email === undefined ? {} : { email: options.email === '' ? null : options.email }),
    }
    printOne(options, await clientOf(options).send<Row>('PATCH', path(org, name), body))
  })
  common(member.command('rename <organization> <name> <new-name>').description('give a member another login name')).action(
    async (org: string, name: string, newName: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).send<Row>('PATCH', path(org, name), { name: newName }))
    },
  )
  for (const [word, status] of [
    ['deactivate', 'inactive'],
    ['activate', 'active'],
  ] as const)
    common(member.command(`${word} <organization> <name>`).description(`${word} a member, at the next request`)).action(
      async (org: string, name: string, options: CommonOptions) => {
        printOne(options, await clientOf(options).send<Row>('PATCH', path(org, name), { status }))
      },
    )
  common(
    member
      .command('set-password <organization> <name>')
      .description('set a password')
      .requiredOption('--password-stdin', 'read the password from standard input'),
  ).action(async (org: string, name: string, options: MemberOptions) => {
    await clientOf(options).send('PUT', `${path(org, name)}/password`, { password: await standardInput() })
    done(options, `${name} has a new password`)
  })
  common(member.command('delete <organization> <name>').description('remove a member; what it published stays')).action(
    async (org: string, name: string, options: CommonOptions) => {
      await clientOf(options).send('DELETE', path(org, name))
      done(options, `${name} is gone`)
    },
  )
}
