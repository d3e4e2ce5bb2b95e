import { expect } from 'chai'
import { codeIn } from '../../../support/mail-server.js'
import { expectForbidden, expectRefusal, memberOf } from '../../../support/management.js'
import { AccountHouse, password } from './account-house.js'

const hour = 3_600_000
const refused = 'This code is not valid, or not any more'

describe('the e-mail address of a member', () => {
  let accounts: AccountHouse
  beforeEach(async () => {
    accounts = await AccountHouse.open()
  })
  afterEach(() => accounts.close())

  const state = () => accounts.operator.done('GET', 'members/ada/email')
  const at = '2026-01-31T12:00:00.000Z'

  it('is verified where an administrator answers for it, for as long as it is that one', async () => {
    await accounts.ada()
    expect(await state()).to.deep.equal({ email: 'ada@acme.example', verifiedAt: at, by: 'administrator' })
    await accounts.operator.done('PATCH', 'members/ada', { email: 'ADA@acme.example' })
    expect((await state())['verifiedAt']).to.equal(at)
    await accounts.operator.done('PATCH', 'members/ada', { email: 'other@acme.example' })
    expect(await state()).to.deep.equal({ email: 'other@acme.example', verifiedAt: null, by: null })
    await accounts.operator.done('PATCH', 'members/ada', { emailVerified: true })
    expect((await state())['by']).to.equal('administrator')
    await accounts.operator.done('PATCH', 'members/ada', { emailVerified: false })
    expect((await state())['verifiedAt']).to.equal(null)
    await accounts.operator.done('PATCH', 'members/ada', { email: null })
    expectRefusal(
      await accounts.operator.send('PATCH', 'members/ada', { emailVerified: true }),
      400,
      'invalid',
      'There is no e-mail address that could be verified',
    )
    expect(await accounts.places()).to.deep.equal([])
  })

  it('is verified by its member with a code that was mailed there', async () => {
    await accounts.ada({ emailVerified: false })
    expect((await accounts.operator.send('POST', 'members/ada/email/verification')).status).to.equal(202)
    const [letter] = await accounts.mail()
    const token = codeIn(letter?.text ?? '')
    expect(letter?.to).to.equal('ada@acme.example')
    expect(letter?.text).to.include(`https://repo.example.com/-/ui/acme/email#t=${token}\n`)
    expect((await accounts.post('email/confirm', { token })).status).to.equal(204)
    expect(await state()).to.deep.equal({ email: 'ada@acme.example', verifiedAt: at, by: 'member' })
    expectRefusal(await accounts.post('email/confirm', { token }), 400, 'RESET_INVALID', refused)
    expect(await accounts.places()).to.deep.equal(['member verified-email'])
  })

  it('is not verified by a code for another address, for another purpose, or too late', async () => {
    await accounts.ada({ emailVerified: false })
    const code = async () => {
      await accounts.operator.send('POST', 'members/ada/email/verification')
      return accounts.oneCode()
    }
    const first = await code()
    await accounts.operator.done('PATCH', 'members/ada', { email: 'other@acme.example' })
    expectRefusal(await accounts.post('email/confirm', { token: first }), 400, 'RESET_INVALID', refused)
    const second = await code()
    expectRefusal(await accounts.post('email/revert', { token: second }), 400, 'RESET_INVALID', refused)
    expectRefusal(await accounts.post('password/reset', { token: second, password }), 400, 'RESET_INVALID', refused)
    accounts.clock.advance(2 * hour)
    expectRefusal(await accounts.post('email/confirm', { token: second }), 400, 'RESET_INVALID', refused)
    expect((await state())['verifiedAt']).to.equal(null)
    await accounts.operator.done('PATCH', 'members/ada', { emailVerified: true })
    const reset = await accounts.resetCode('other@acme.example')
    expectRefusal(await accounts.post('email/confirm', { token: reset }), 400, 'RESET_INVALID', refused)
  })

  it('is of no concern to others', async () => {
    await accounts.ada()
    expectForbidden(await memberOf(accounts.house, 'dora').send('GET', 'members/ada/email'), 'members.read')
    expectForbidden(await memberOf(accounts.house, 'dora').send('POST', 'members/ada/email/verification'), 'members.manage')
    expectRefusal(await accounts.operator.send('GET', 'members/bo/email'), 404, 'not-found', 'member not found: bo')
    expectRefusal(
      await accounts.operator.send('POST', 'members/olga/email/verification'),
      400,
      'invalid',
      'There is no e-mail address that could be verified',
    )
    expect(await accounts.mail()).to.deep.equal([])
  })
})
