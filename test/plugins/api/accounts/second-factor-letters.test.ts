import { expect } from 'chai'
import { TOTP } from 'otpauth'
import { Browser } from '../../../support/browser.js'
import { AccountHouse, password } from './account-house.js'

describe('letters about second factors', () => {
  let accounts: AccountHouse
  beforeEach(async () => {
    accounts = await AccountHouse.open()
    await accounts.ada()
    await accounts.mail()
  })
  afterEach(() => accounts.close())

  it('tell their member when one is set up, used by a recovery code, taken away by somebody else, and by themselves', async () => {
    const { house, clock, operator } = accounts
    const told = async () => (await accounts.mail()).map(({ to, subject, text }) => [to, subject, text.split('\n', 1)[0]])
    const browser = new Browser(house)
    const enrol = async () => {
      const { secret } = (await browser.call('POST', 'mfa/totp')).json() as { secret: string }
      const code = new TOTP({ secret }).generate({ timestamp: clock.now().getTime() })
      return (await browser.call('POST', 'mfa/totp/confirm', { body: { code } })).json() as { recoveryCodes: string[] }
    }
    const letter = (words: string) => [['ada@acme.example', 'Your second factor in acme', words]]
    await browser.signIn('ada', password)
    const { recoveryCodes } = await enrol()
    expect(await told()).to.deep.equal(letter('A second factor was set up for ada in acme, at 2026-01-31 12:00 UTC.'))
    await browser.signIn('ada', password, recoveryCodes[0])
    expect(await told()).to.deep.equal(
      letter('A recovery code was used in the place of a second factor, to sign in as ada in acme, at 2026-01-31 12:00 UTC.'),
    )
    await operator.done('DELETE', 'members/ada/sign-in/second-factor')
    expect(await told()).to.deep.equal(
      letter('An owner or the operator has taken the second factor away from ada in acme, at 2026-01-31 12:00 UTC.'),
    )
    await browser.signIn('ada', password)
    await enrol()
    await told()
    expect((await browser.call('DELETE', 'mfa/totp')).status).to.equal(204)
    expect(await told()).to.deep.equal(letter('The second factor was taken away from ada in acme, at 2026-01-31 12:00 UTC.'))
  })
})
