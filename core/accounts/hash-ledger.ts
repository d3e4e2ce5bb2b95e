import { inject, injectable } from 'tsyringe'
import { readArgon2 } from '../auth/argon2-hash.js'
import { PasswordHash } from '../auth/password-hash.js'
import { parseHash } from '../auth/pbkdf2-hash.js'
import { loginKey, readLogin, readPassword } from '../directory/member-rows.js'
import { type Entry, MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import type { HashCount, HashShare } from './accounts.js'

const together = 25
/** Imports may have been made with any number: what does not fit into the list is told together. */
const kinds = 100

/** How many accounts have which numbers in their password's hash: what is left of old ones. */
@injectable()
export class HashLedger {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(PasswordHash) private readonly hashes: PasswordHash,
  ) {}

  async count(scope: CallerScope, query: { readonly after?: string; readonly limit: number }): Promise<HashCount> {
    scope.require('members.manage')
    const org = scope.tenant.organization.id
    const counts = new Map<string, HashShare>()
    let withoutPassword = 0
    let seen = 0
    let next: string | undefined
    let members: string[] = []
    const look = async () => {
      const rows = await Promise.all(members.map((id) => this.store.get(tenantKeys.password(org, id))))
      for (const row of rows)
        if (row === undefined) withoutPassword += 1
        else this.add(counts, row)
      members = []
    }
    const range = { prefix: ['login'], ...(query.after === undefined ? {} : { after: ['login', loginKey(query.after)] }) }
    for await (const entry of this.store.range(tenantKeys.organizationRows(org), range)) {
      const { kind, member } = readLogin(entry)
      if (kind !== 'name' || !member.startsWith('m_')) continue
      if (seen === query.limit) {
        await look()
        return { hashes: sorted(counts), withoutPassword, next }
      }
      seen += 1
      next = entry.key.path[1]
      members.push(member)
      if (members.length === together) await look()
    }
    await look()
    return { hashes: sorted(counts), withoutPassword, next: undefined }
  }

  private add(counts: Map<string, HashShare>, row: Entry): void {
    const { phc } = readPassword(row)
    const known = parametersOf(phc)
    const parameters = counts.has(known) || counts.size < kinds ? known : 'others'
    const current = parameters !== 'others' && this.hashes.reads(phc) && !this.hashes.needsRehash(phc)
    counts.set(parameters, { parameters, current, accounts: (counts.get(parameters)?.accounts ?? 0) + 1 })
  }
}

/** As in the PHC form, with the bytes of the salt, and without any of the secret. */
function parametersOf(phc: string): string {
  const argon2 = readArgon2(phc)
  if (argon2 !== undefined) {
    const { memory, passes, lanes, length, salt } = argon2
    return `argon2id m=${memory},t=${passes},p=${lanes},l=${length},s=${salt}`
  }
  const found = parseHash(phc)
  if (found === undefined) return 'unreadable'
  return `pbkdf2-blake2b512 i=${found.iterations},l=${found.hash.length},s=${found.salt.length}`
}
function sorted(counts: ReadonlyMap<string, HashShare>): readonly HashShare[] {
  return [...counts.values()].sort((a, b) => b.accounts - a.accounts || (a.parameters < b.parameters ? -1 : 1))
}
