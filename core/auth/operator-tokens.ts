import { inject, injectable } from 'tsyringe'
import { Clock } from '../runtime/clock.js'
import { newId, randomHex } from '../runtime/identifiers.js'
import { MetadataStore } from '../storage/metadata-store.js'
import { tenantKeys } from '../storage/tenant-keys.js'
import type { Principal } from './principal.js'
import { newToken, tokenHash, tokenKind } from './token-format.js'
import { readOperator } from './token-rows.js'

/** Tokens of the instance's operator: few, without expiry, of no organization. */
@injectable()
export class OperatorTokens {
  constructor(
    @inject(MetadataStore) private readonly store: MetadataStore,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** The token itself is in the answer alone. */
  async create(name: string): Promise<{ readonly id: string; readonly token: string }> {
    const token = newToken('o')
    const id = newId('op')
    const value = { v: 1, id, name, createdAt: this.clock.now().toISOString() }
    await this.store.commit([{ op: 'put', key: tenantKeys.operator(tokenHash(token)), value, if: 'absent' }], randomHex())
    return { id, token }
  }

  /** Undefined for what is none. Read from its row each time. */
  async verify(token: string): Promise<Principal | undefined> {
    if (tokenKind(token) !== 'o') return undefined
    const entry = await this.store.get(tenantKeys.operator(tokenHash(token)))
    return entry === undefined ? undefined : { kind: 'operator', id: readOperator(entry).id }
  }

  /** Is the token behind this id still there? */
  async stands(id: string): Promise<boolean> {
    return (await this.keyOf(id)) !== undefined
  }

  /** False where there is none of this id. */
  async revoke(id: string): Promise<boolean> {
    const key = await this.keyOf(id)
    if (key === undefined) return false
    await this.store.commit([{ op: 'delete', key }], randomHex())
    return true
  }

  private async keyOf(id: string) {
    for await (const entry of this.store.range(tenantKeys.operators(), {})) {
      if (readOperator(entry).id === id) return entry.key
    }
    return undefined
  }
}
