import { RegistryError } from '../errors/registry-error.js'
import type { MetadataStore } from '../storage/metadata-store.js'
import { usageAfter } from './usage-log.js'
import type { UsageRow } from './usage-rows.js'

/** Bytes that nobody uses and nobody was granted yet, under a limit; without one all there are. */
export async function roomLeft(store: MetadataStore, org: string, row: UsageRow, limit: number | undefined): Promise<number> {
  return limit === undefined ? Number.MAX_SAFE_INTEGER : limit - row.bytes - row.reserved - (await uncounted(store, org, row))
}

/** Commits that are neither counted yet nor taken from an allowance. */
async function uncounted(store: MetadataStore, org: string, { cursor }: UsageRow): Promise<number> {
  let bytes = 0
  for (let after = cursor; ; ) {
    const { changes, through, more } = await usageAfter(store, org, after, '~')
    for (const change of changes) if (change.bytes > 0 && change.allowance === undefined) bytes += change.bytes
    if (!more) return bytes
    after = through
  }
}

/** Undefined where the organization has no quota. */
export function limitOf(organization: unknown): number | undefined {
  return (organization as { readonly quota?: { readonly storageBytes: number } } | undefined)?.quota?.storageBytes
}

export function noRoom(name: string, limit: number): RegistryError {
  const title = 'Storage quota of the organization exceeded'
  return new RegistryError(
    'too-large',
    `The storage quota of organization ${name} (${inBytes(limit)}) has no room for this upload`,
    {
      detail: { code: 'quota', title },
    },
  )
}

/** '10 GiB', '1.5 MiB', '900 bytes'. */
function inBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let unit = 0
  let value = bytes
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024
    unit += 1
  }
  return `${Math.round(value * 10) / 10} ${units[unit]}`
}
