import type { Command } from 'commander'
import { type CommonOptions, clientOf, common, print } from './output.js'

interface Part {
  readonly items: readonly { readonly parameters: string; readonly current: boolean; readonly accounts: number }[]
  readonly next: string | null
}

/** How many accounts of an organization have a password that was hashed with which numbers. */
export function hashesWord(member: Command): void {
  common(
    member
      .command('hashes <organization>')
      .description('how passwords are hashed: accounts and their share, by algorithm and numbers'),
  ).action(async (org: string, options: CommonOptions) => {
    const client = clientOf(options)
    const counts = new Map<string, { readonly current: boolean; readonly accounts: number }>()
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '' : `?${new URLSearchParams({ cursor })}`
      const part: Part = await client.get<Part>(`${encodeURIComponent(org)}/-/api/v1/password/hashes${query}`)
      for (const { parameters, current, accounts } of part.items)
        counts.set(parameters, { current, accounts: (counts.get(parameters)?.accounts ?? 0) + accounts })
      cursor = part.next
    } while (cursor !== null)
    const rows = [...counts].map(([parameters, count]) => ({ parameters, ...count }))
    const all = rows.reduce((sum, { accounts }) => sum + accounts, 0)
    const shared = rows.map((row) => ({ ...row, share: `${((100 * row.accounts) / all).toFixed(1)} %` }))
    print(options, ['parameters', 'accounts', 'share', 'current'], shared)
  })
}
