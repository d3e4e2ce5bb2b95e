import { type Command, Option } from 'commander'
import { Refused } from './api-client.js'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'

const invitations = (org: string) => `${encodeURIComponent(org)}/-/api/v1/invitations`
const columns = ['id', 'email', 'name', 'role', 'expiresAt']
type Row = Readonly<Record<string, unknown>>

/** Members to be, as words of `member`. */
export function invitationWords(member: Command): void {
  common(
    member
      .command('invite <organization> <email>')
      .description('invite somebody by mail, for a week')
      .addOption(new Option('--role <role>', 'fixed by the invitation; none: what grants give').choices(roles))
      .option('--name <name>', 'to sign in by; without one, whoever accepts chooses'),
  ).action(async (org: string, email: string, options: CommonOptions & { readonly role?: string; readonly name?: string }) => {
    const { role, name } = options
    const body = {
      email,
      ...(role === undefined || role === 'none' ? {} : { role }),
      ...(name === undefined ? {} : { name }),
    }
    printOne(options, await clientOf(options).send<Row>('POST', invitations(org), body))
  })
  common(member.command('invitations <organization>').description('invitations that stand')).action(
    async (org: string, options: CommonOptions) => {
      print(options, columns, await all(clientOf(options).list<Row>(invitations(org))))
    },
  )
  common(member.command('revoke-invitation <organization> <email>').description('take an invitation back')).action(
    async (org: string, email: string, options: CommonOptions) => {
      const client = clientOf(options)
      for await (const { id, email: invited } of client.list<Row>(invitations(org)))
        if (id === email || String(invited).toLowerCase() === email.toLowerCase()) {
          await client.send('DELETE', `${invitations(org)}/${encodeURIComponent(String(id))}`)
          done(options, `${String(invited)} is not invited any more`)
          return
        }
      throw new Refused(`${email} is not invited`)
    },
  )
}

const roles = ['owner', 'admin', 'developer', 'reader', 'none']
