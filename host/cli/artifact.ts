import type { Command } from 'commander'
import { all, type CommonOptions, clientOf, common, print, printOne } from './output.js'

const mount = (org: string) => `${encodeURIComponent(org)}/-/api/v1`
const artifacts = (org: string, repository: string) => `${mount(org)}/artifacts/${encodeURIComponent(repository)}`
type Row = Readonly<Record<string, unknown>>

export function artifactCommand(program: Command): void {
  const artifact = program.command('artifact').description('files of a repository')
  common(artifact.command('list <organization> <repository> [folder]').description('what lies in a folder')).action(
    async (org: string, repository: string, folder: string | undefined, options: CommonOptions) => {
      const query: Record<string, string> = folder === undefined ? {} : { folder: folder.replace(/^\/+|\/+$/g, '') }
      const rows = await all(clientOf(options).list<Row>(artifacts(org, repository), query))
      print(options, ['kind', 'path', 'size', 'modifiedAt'], rows)
    },
  )
  common(artifact.command('show <organization> <repository> <path>').description('one file, with its digests')).action(
    async (org: string, repository: string, path: string, options: CommonOptions) => {
      const query = new URLSearchParams({ path })
      const { digests, ...file } = await clientOf(options).get<Row>(`${artifacts(org, repository)}/file?${query}`)
      printOne(options, options.json ? { ...file, digests } : { ...file, ...(digests as Row) })
    },
  )
}
