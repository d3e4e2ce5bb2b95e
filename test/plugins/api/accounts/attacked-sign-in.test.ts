import { expect } from 'chai'
import { counterHash } from '../../../../core/auth/failure-counters.js'
import { tenantKeys } from '../../../../core/storage/tenant-keys.js'
import { Browser } from '../../../support/browser.js'
import type { Answer } from '../../../support/house.js'
import { codeIn } from '../../../support/mail-server.js'
import { expectRefusal } from '../../../support/management.js'
import { AccountHouse, better, password } from './account-house.js'

const minute = 60_000
const day = 24 * 60 * minute

describe('signing in to an account that is guessed at, from where nobody knows its member', () => {
  let accounts: AccountHouse
  beforeEach(async () => {
    accounts = await AccountHouse.open()
  })
  afterEach(() => accounts.close())

  /** A member without a second factor, behind a hundred failures. */
  async function attacked(fields: Record<string, unknown> = {}): Promise<void> {
    const { id: org } = await accounts.operator.done('GET', 'organization')
    const { id: member } = await accounts.ada(fields)
    const key = tenantKeys.secret(String(org), counterHash('account', `${org} ${member}`), 'failures')
    const now = accounts.clock.now().getTime()
    const value = { v: 1, count: 100, from: now, last: now, until: now + day }
    await accounts.house.parts.metadata.commit([{ op: 'put', key, value }], 'guessed')
  }
  const at = (address: string) => new Browser(accounts.house, 'acme', { 'x-forwarded-for': address })
  const waiting = async (browser: Browser) => {
    const begun = await browser.signIn('ada', password)
    expect([begun.status, begun.json()]).to.deep.equal([
      201,
      {
        ...(begun.json() as object),
        state: 'mfa_pending',
        pending: 'mailed-code',
        methods: ['pwd'],
        secondFactor: { enrolled: false, required: false, recoveryCodes: 0 },
      },
    ])
    expect(browser.cookies.has('dev'), 'a browser that has shown nothing yet is not known').to.equal(false)
    return browser
  }
  const verify = (browser: Browser, code: string) => browser.call('POST', 'mfa/verify', { body: { code } })
  const lastCode = async () => codeIn((await accounts.mail()).at(-1)?.text ?? '')
  const expectOutcome = (answer: Answer, status: number, code: string) =>
    expect([answer.status, (answer.json() as { code: string }).code]).to.deep.equal([status, code])

  it('wants a code that goes to the verified address; the browser is known from then on', async () => {
    await attacked()
    const page = await waiting(at('192.0.2.1'))
    const pendingSid = page.sid
    const [letter, ...more] = await accounts.mail()
    expect([letter?.to, letter?.subject, more]).to.deep.equal(['ada@acme.example', 'A code to sign in to acme', []])
    expect(letter?.text).to.include('until 2026-01-31 12:10 UTC')
    expect(await accounts.places()).to.deep.equal(['code', 'member reset', 'member verified-email'])

    const code = codeIn(letter?.text ?? '')
    const shown = await verify(page, code)
    expect(shown.status).to.equal(200)
    expect(shown.json()).to.deep.include({ state: 'authenticated', pending: null, methods: ['pwd', 'mail'] })
    expect(page.sid).to.not.equal(pendingSid)
    expect(await accounts.places()).to.deep.equal(['member verified-email'])
    const elsewhere = at('192.0.2.2')
    elsewhere.cookies.set('dev', page.cookies.get('dev') ?? '')
    expect((await elsewhere.signIn('ada', password)).json(), 'the same browser elsewhere').to.deep.include({
      state: 'authenticated',
      methods: ['pwd'],
    })
  })

  it('reaches nothing else until then: no second factor is set up in its place, no token made, no password changed', async () => {
    await attacked()
    const page = await waiting(at('192.0.2.1'))
    const words = 'Nothing else until this session shows the code that was mailed'
    const tried: readonly [string, unknown][] = [
      ['mfa/totp', undefined],
      ['mfa/totp/confirm', { code: '123456' }],
      ['tokens', { name: 'ci', scopes: ['repo:*:write'] }],
      ['password', { current: password, password: better }],
    ]
    for (const [path, body] of tried) expectRefusal(await page.call('POST', path, { body }), 403, 'mfa-pending', words)
    expectOutcome(await page.call('POST', 'session/step-up', { body: { password } }), 401, 'attacked')
    expect((await page.call('GET', 'session')).json()).to.deep.include({ state: 'mfa_pending', pending: 'mailed-code' })
  })

  it('takes a code once, in the session that waits for it, within ten minutes, and no wrong one', async () => {
    await attacked()
    const other = await waiting(at('192.0.2.1'))
    const otherCode = await accounts.oneCode()
    const page = await waiting(at('192.0.2.2'))
    const code = await accounts.oneCode()
    const reset = await accounts.resetCode()
    for (const wrong of [otherCode, reset, '123456']) expectOutcome(await verify(page, wrong), 401, 'otp-invalid')
    const answers = await Promise.all([verify(page, code), verify(page, code)])
    expect(answers.map(({ status }) => status).toSorted(), 'twice at once').to.deep.equal([200, 401])
    expectOutcome(await verify(other, code), 401, 'otp-invalid')
    accounts.clock.advance(10 * minute - 1)
    expect((await verify(other, otherCode.toUpperCase())).status).to.equal(200)
    const late = await waiting(at('192.0.2.3'))
    const lateCode = await accounts.oneCode()
    accounts.clock.advance(10 * minute)
    expectOutcome(await verify(late, lateCode), 401, 'unauthenticated')
  })

  it('is asked for no code that was made before the password was set anew', async () => {
    await attacked()
    const page = await waiting(at('192.0.2.1'))
    const code = await accounts.oneCode()
    await accounts.operator.done('PUT', 'members/ada/password', { password: better })
    expectOutcome(await verify(page, code), 401, 'unauthenticated')
  })

  it('is refused as before where no code would arrive: no verified address, or three letters within the hour', async () => {
    await attacked({ emailVerified: false })
    expect((await at('192.0.2.1').signIn('ada', 'wrong guess')).status).to.equal(401)
    const strange = await at('192.0.2.1').signIn('ada', password)
    expectOutcome(strange, 401, 'attacked')
    expect(strange.text()).to.include('This account is being guessed at: use an API token instead of the password')
    expect(await accounts.mail()).to.deep.equal([])
    await accounts.operator.done('PATCH', 'members/ada', { email: 'ada@acme.example', emailVerified: true })
    for (let letter = 1; letter <= 3; letter += 1) {
      await waiting(at(`192.0.2.${letter}`))
      expect(await accounts.mail()).to.have.length(1)
    }
    accounts.clock.advance(60 * minute - 1)
    expectOutcome(await at('192.0.2.4').signIn('ada', password), 401, 'attacked')
    accounts.clock.advance(1)
    await waiting(at('192.0.2.5'))
  })

  it('makes whoever shows wrong codes wait behind five of them, and forgets them behind a right one', async () => {
    await attacked()
    const page = await waiting(at('192.0.2.1'))
    const code = await accounts.oneCode()
    const statuses: number[] = []
    for (let guess = 0; guess < 6; guess += 1) statuses.push((await verify(page, `00000${guess}`)).status)
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429])
    expect((await verify(page, code)).status, 'a right one waits too').to.equal(429)
    accounts.clock.advance(1_000)
    expect((await verify(page, code)).status).to.equal(200)
    const next = await waiting(at('192.0.2.2'))
    expectOutcome(await verify(next, '000000'), 401, 'otp-invalid')
    expect((await verify(next, await lastCode())).status).to.equal(200)
  })

  it('mails nothing to whoever has the wrong password', async () => {
    await attacked()
    const answer = await at('192.0.2.1').signIn('ada', 'wrong guess')
    expect(answer.status).to.equal(401)
    expect(await accounts.mail()).to.deep.equal([])
  })
})
