import { type Command, Option } from 'commander'
import { Misused } from './api-client.js'
import { hashesWord } from './member-hashes.js'
import { invitationWords } from './member-invitations.js'
import { all, type CommonOptions, clientOf, common, done, print, printOne, standardInput } from './output.js'

const members = (org: string) => `${encodeURIComponent(org)}/-/api/v1/members`
const holds = (org: string) => `${encodeURIComponent(org)}/-/api/v1/leaver-holds`
const path = (org: string, name: string) => `${members(org)}/${encodeURIComponent(name)}`
const columns = ['name', 'kind', 'role', 'status', 'email']
type Row = Readonly<Record<string, unknown>>

const roles = ['owner', 'admin', 'developer', 'reader', 'none']
const roleOption = () => new Option('--role <role>', 'what they may do everywhere; none: what grants give').choices(roles)

interface MemberOptions extends CommonOptions {
  readonly email?: string
  readonly role?: string
  readonly displayName?: string
  readonly service?: boolean
  readonly passwordStdin?: boolean
  readonly passwordHashStdin?: boolean
  readonly emailVerified?: boolean
  readonly breakGlass?: boolean
}

export function memberCommand(program: Command): void {
  const member = program.command('member').description('members and service accounts of an organization')
  common(
    member
      .command('create <organization> <name>')
      .description('make a member')
      .option('--email <address>', 'another name to sign in by')
      .option('--display-name <text>', 'shown to people')
      .addOption(roleOption())
      .option('--service', 'a service account: tokens alone, no password')
      .option('--email-verified', 'you answer for the address: mail with codes goes there')
      .option('--password-stdin', 'read the password from standard input')
      .addOption(
        new Option('--password-hash-stdin', 'read a hash made elsewhere, in place of a password').conflicts('passwordStdin'),
      ),
  ).action(async (org: string, name: string, options: MemberOptions) => {
    const body = {
      name,
      ...(options.email === undefined ? {} : { email: options.email }),
      ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
      ...(options.role === undefined || options.role === 'none' ? {} : { role: options.role }),
      ...(options.service ? { kind: 'service' } : {}),
      ...(options.emailVerified === undefined ? {} : { emailVerified: options.emailVerified }),
      ...(options.passwordHashStdin ? { passwordHash: await standardInput() } : {}),
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
      .addOption(roleOption())
      .option('--email <address>', "'' takes it away")
      .option('--email-verified', 'you answer for the address: mail with codes goes there')
      .option('--no-email-verified', 'nobody answers for it')
      .option('--display-name <text>', "'' takes it away")
      .option('--break-glass', 'signs in without the second factor that everybody else needs; each time is logged')
      .option('--no-break-glass', 'needs one like everybody else'),
  ).action(async (org: string, name: string, options: MemberOptions) => {
    const { role, email, displayName, emailVerified, breakGlass } = options
    const body = {
      ...(role === undefined ? {} : { role: role === 'none' ? null : role }),
      ...(email === undefined ? {} : { email: email === '' ? null : email }),
      ...(displayName === undefined ? {} : { displayName: displayName === '' ? null : displayName }),
      ...(emailVerified === undefined ? {} : { emailVerified }),
    }
    const changes = Object.keys(body).length > 0
    if (!changes && breakGlass === undefined)
      throw new Misused(
        'error: nothing to change: give --role, --email, --email-verified, --no-email-verified, --display-name, --break-glass or --no-break-glass',
      )
    const client = clientOf(options)
    if (breakGlass !== undefined) await client.send('PATCH', `${path(org, name)}/sign-in`, { breakGlass })
    printOne(options, await (changes ? client.send<Row>('PATCH', path(org, name), body) : client.get<Row>(path(org, name))))
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
    common(member.command(`${word} <organization> <name>`).description(`${word} a member, from the next request on`)).action(
      async (org: string, name: string, options: CommonOptions) => {
        printOne(options, await clientOf(options).send<Row>('PATCH', path(org, name), { status }))
      },
    )
  common(
    member
      .command('leaver-holds <organization>')
      .description('identity providers that took the access of more than a fifth of the users within an hour'),
  ).action(async (org: string, options: CommonOptions) => {
    const columns = ['connection', 'at', 'leavers', 'users', 'held', 'confirmedAt']
    print(options, columns, await all(clientOf(options).list<Row>(holds(org))))
  })
  common(
    member
      .command('confirm-leavers <organization> <connection>')
      .description('let an identity provider that was stopped go on, for an hour without a limit'),
  ).action(async (org: string, connection: string, options: CommonOptions) => {
    await clientOf(options).send('POST', `${holds(org)}/${encodeURIComponent(connection)}/confirm`)
    done(options, `${connection} goes on`)
  })
  common(
    member
      .command('set-password <organization> <name>')
      .description('set a password')
      .requiredOption('--password-stdin', 'read the password from standard input'),
  ).action(async (org: string, name: string, options: MemberOptions) => {
    await clientOf(options).send('PUT', `${path(org, name)}/password`, { password: await standardInput() })
    done(options, `${name} has a new password`)
  })
  common(
    member.command('verify-email <organization> <name>').description('mail a code to the address of a member, to be confirmed'),
  ).action(async (org: string, name: string, options: CommonOptions) => {
    await clientOf(options).send('POST', `${path(org, name)}/email/verification`)
    done(options, `a code goes to the address of ${name}`)
  })
  invitationWords(member)
  hashesWord(member)
  common(member.command('sign-in <organization> <name>').description('how a member signs in')).action(
    async (org: string, name: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).get<Row>(`${path(org, name)}/sign-in`))
    },
  )
  common(
    member
      .command('reset-mfa <organization> <name>')
      .description("take a member's second factor away, who then signs in with the password alone; ends their sessions"),
  ).action(async (org: string, name: string, options: CommonOptions) => {
    await clientOf(options).send('DELETE', `${path(org, name)}/sign-in/second-factor`)
    done(options, `${name} has no second factor any more`)
  })
  common(member.command('delete <organization> <name>').description('remove a member; what it published stays')).action(
    async (org: string, name: string, options: CommonOptions) => {
      await clientOf(options).send('DELETE', path(org, name))
      done(options, `${name} is gone`)
    },
  )
}
