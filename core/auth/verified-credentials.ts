import { createHmac, randomBytes } from 'node:crypto'
import { BoundedMap } from '../runtime/bounded-map.js'
import type { Clock } from '../runtime/clock.js'

const goodFor = 300_000
const badFor = 30_000
const entries = 10_000

/** Passwords this process has verified, in the only allowed shape (identity dossier 2): the stored hash is part of the key, so that a change
 *  needs no invalidation; the key is an HMAC under a secret of this process; neither principal nor rights are kept. */
export class VerifiedCredentials {
  private readonly secret = randomBytes(32)
  private readonly good = new BoundedMap<string, number>(entries)
  private readonly bad = new BoundedMap<string, number>(entries)

  constructor(private readonly clock: Clock) {}

  keyOf(account: string, phc: string, password: string): string {
    const hmac = createHmac('sha256', this.secret)
    for (const part of [account, phc, password]) {
      const bytes = Buffer.from(part)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      hmac.update(length).update(bytes)
    }
    return hmac.digest('base64')
  }
  isGood(key: string): boolean {
    return this.holds(this.good, key)
  }
  isBad(key: string): boolean {
    return this.holds(this.bad, key)
  }
  remember(key: string, matched: boolean): void {
    if (matched) this.good.set(key, this.clock.monotonic() + goodFor)
    else this.bad.set(key, this.clock.monotonic() + badFor)
  }

  private holds(map: BoundedMap<string, number>, key: string): boolean {
    const until = map.get(key)
    if (until === undefined) return false
    if (this.clock.monotonic() < until) return true
    map.delete(key)
    return false
  }
}
