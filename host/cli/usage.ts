import { type Command, InvalidArgumentError } from 'commander'
import { all, type CommonOptions, clientOf, common, print, printJson } from './output.js'

type Row = Readonly<Record<string, unknown>>
const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 }

export function usageCommand(program: Command): void {
  common(
    program.command('usage [organization]').description('what an organization stores, or each of them; bytes, as they count'),
  ).action(async (org: string | undefined, options: CommonOptions) => {
    if (org === undefined) {
      const columns = ['organization', 'storageBytes', 'files', 'versions', 'quota', 'reservedBytes']
      const items = await all(clientOf(options).list<Row>('-/api/v1/usage'))
      return print(options, columns, options.json ? items : items.map(shortQuota))
    }
    const found = await clientOf(options).get<Row & { repositories: readonly Row[] }>(`${encodeURIComponent(org)}/-/api/v1/usage`)
    if (options.json) return printJson(found)
    const { repositories, storageBytes, files, versions } = found
    const limit = shortQuota(found)['quota']
    const whole = { repository: 'total', storageBytes, files, versions, quota: limit }
    print(options, ['repository', 'storageBytes', 'files', 'versions', 'quota'], [...repositories, whole])
  })
}

function shortQuota(row: Row): Row {
  return { ...row, quota: (row['quota'] as { storageBytes: number } | null)?.storageBytes ?? '' }
}

/** '10GiB', '500M', '1048576': units of 1,024. */
export function parseBytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? []
  const bytes = Math.round(Number(number) * 1_024 ** (powers[unit.toLowerCase()] ?? 0))
  if (number === '' || !Number.isSafeInteger(bytes)) throw new InvalidArgumentError('Give a number of bytes, as 10GiB or 500MiB.')
  return bytes
}
