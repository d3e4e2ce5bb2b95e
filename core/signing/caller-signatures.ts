import { inject, injectable } from 'tsyringe'
import { Clock } from '../runtime/clock.js'
import { callerEntry } from '../tenancy/caller-log.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import type { Signatures } from './signatures.js'
import { SigningKeys } from './signing-keys.js'

/** Opens the signatures of one organization for one caller. */
@injectable()
export class CallerSignatures {
  constructor(
    @inject(SigningKeys) private readonly keys: SigningKeys,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** `creates`: may the first signature make the key? */
  for(scope: CallerScope, creates: boolean): Signatures {
    const { id, signingEpoch } = scope.tenant.organization
    const told = (action: string, keyid: string) =>
      callerEntry(scope, this.clock.now(), action, { kind: 'signing-key', id: keyid })
    return {
      // An organization without an epoch has no keys: that is known without a look.
      keys: async () => (signingEpoch === undefined ? [] : this.keys.list(id)),
      sign: async (texts) => {
        if (signingEpoch === undefined) {
          if (!creates) return []
          await this.keys.create(id, told)
        }
        return this.keys.sign(id, texts)
      },
    }
  }
}
