import type { DigestService, RunningDigest } from '../digest/digest-service.js'
import { BoundedMap } from '../runtime/bounded-map.js'

const sessionsKept = 1_000

/** sha256 of what this process took of resumable uploads, as far as each has become durable. A convenience: what another process took, or one that is
 *  gone, is not known here, and is then read again before it gets a name. */
export class CarriedDigests {
  private readonly known = new BoundedMap<string, { readonly offset: number; readonly digest: RunningDigest }>(sessionsKept)

  constructor(private readonly digests: DigestService) {}

  /** A digest of its own to go on with, of exactly the first `offset` bytes. */
  from(session: string, offset: number): RunningDigest | undefined {
    if (offset === 0) return this.digests.running()
    const found = this.known.get(session)
    return found?.offset === offset ? found.digest.copy() : undefined
  }

  /** The first `offset` bytes are durable and have this digest; undefined where it is not known. */
  keep(session: string, offset: number, digest: RunningDigest | undefined): void {
    if (digest === undefined) this.known.delete(session)
    else this.known.set(session, { offset, digest })
  }

  forget(session: string): void {
    this.known.delete(session)
  }
}
