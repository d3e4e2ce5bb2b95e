import type { Command } from 'commander'
import { type CommonOptions, clientOf, common, done, print } from './output.js'

const formats = (org: string) => `${encodeURIComponent(org)}/-/api/v1/formats`
type Row = Readonly<Record<string, unknown>>

export function formatCommand(program: Command): void {
  const format = program.command('format').description('formats that an organization may use')
  common(format.command('list <organization>').description('installed formats')).action(
    async (org: string, options: CommonOptions) => {
      print(options, ['name', 'version', 'enabled'], await clientOf(options).get<Row[]>(formats(org)))
    },
  )
  for (const [word, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const)
    common(format.command(`${word} <organization> <format>`).description(`${word} a format; its data stays`)).action(
      async (org: string, name: string, options: CommonOptions) => {
        await clientOf(options).send('PUT', `${formats(org)}/${encodeURIComponent(name)}`, { enabled })
        done(options, `${name} is ${enabled ? 'enabled' : 'disabled'} in ${org}`)
      },
    )
}
