import { inject, injectable } from 'tsyringe'
import { forbidden, unauthenticated } from '../errors/registry-error.js'
import type { CallerScope } from '../tenancy/caller-scope.js'
import { TenantSnapshot } from '../tenancy/tenant-snapshot.js'
import type { Credentials } from './authenticator.js'
import { sourceOf } from './client-address.js'
import { GuessThrottle } from './guess-throttle.js'
import { SecondFactors } from './mfa/second-factors.js'
import { accountOf } from './password-check.js'

/** One-time codes before a package is changed, for formats whose clients can ask for one. */
@injectable()
export class WriteCodes {
  constructor(
    @inject(SecondFactors) private readonly factors: SecondFactors,
    @inject(GuessThrottle) private readonly throttle: GuessThrottle,
  ) {}

  /** Nothing where neither the member nor the organization wants a code; service accounts have nobody who could show one. Throws `unauthenticated` with the
   *  code `otp-required` or `otp-invalid`, `throttled`, and `forbidden` for a member who has no second factor to show. */
  async confirm({ tenant, principal }: CallerScope, { address }: Credentials, code: string | undefined): Promise<void> {
    if (principal.kind !== 'member') return
    const snapshot = TenantSnapshot.of(tenant)
    const org = tenant.organization.id
    const factor = (await snapshot.hasSecondFactor(principal.id)) ? await this.factors.find(org, principal.id) : undefined
    if (!snapshot.signIn.codeOnPublish && factor?.onPublish !== true) return
    if (factor === undefined)
      throw forbidden(
        'This organization wants a one-time code here: set up a second factor, or use a token of a service account',
        {
          detail: { code: 'MFA_NOT_ENROLLED', worded: true },
        },
      )
    if (code === undefined) throw unauthenticated('A one-time code is missing', { detail: { code: 'otp-required' } })
    const known = await this.throttle.isKnown({ address }, accountOf(tenant, principal.id))
    const by = principal.token?.id ?? `${principal.by} ${sourceOf(address)}`
    await this.factors.showForWrite(org, principal.id, code, { by, known })
  }
}
