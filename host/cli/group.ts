import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, done, print, printOne } from './output.js'

const groups = (org: string) => `${encodeURIComponent(org)}/-/api/v1/groups`
const path = (org: string, name: string) => `${groups(org)}/${encodeURIComponent(name)}`
type Row = Readonly<Record<string, unknown>>

export function groupCommand(program: Command): void {
  const group = program.command('group').description('groups of members')
  common(group.command('create <organization> <name>').description('make a group')).action(
    async (org: string, name: string, options: CommonOptions) => {
      printOne(options, await clientOf(options).send<Row>('POST', groups(org), { name }))
    },
  )
  common(group.command('list <organization>').description('all groups')).action(async (org: string, options: CommonOptions) => {
    print(options, ['name', 'memberCount', 'provisioned', 'createdAt'], await all(clientOf(options).list<Row>(groups(org))))
  })
  common(group.command('members <organization> <group>').description('members of a group')).action(
    async (org: string, name: string, options: CommonOptions) => {
      print(options, ['name', 'kind', 'role', 'status'], await all(clientOf(options).list<Row>(`${path(org, name)}/members`)))
    },
  )
  for (const [word, method, description] of [
    ['add-member', 'PUT', 'take a member into a group'],
    ['remove-member', 'DELETE', 'take a member out of a group'],
  ] as const)
    common(group.command(`${word} <organization> <group> <member>`).description(description)).action(
      async (org: string, name: string, member: string, options: CommonOptions) => {
        printOne(options, await clientOf(options).send<Row>(method, `${path(org, name)}/members/${encodeURIComponent(member)}`))
      },
    )
  common(group.command('delete <organization> <name>').description('remove a group')).action(
    async (org: string, name: string, options: CommonOptions) => {
      await clientOf(options).send('DELETE', path(org, name))
      done(options, `group ${name} is gone`)
    },
  )
}
