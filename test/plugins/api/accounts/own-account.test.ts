import { expect } from 'chai'
import { sourceOf } from '../../../../core/auth/client-address.js'
import { counterHash } from '../../../../core/auth/failure-counters.js'
import { tenantKeys } from '../../../../core/storage/tenant-keys.js'
import { Browser } from '../../../support/browser.js'
import { codeIn } from '../../../support/mail-server.js'
import { expectForbidden, expectRefusal } from '../../../support/management.js'
import { AccountHouse, better, password } from './account-house.js'

const hour = 3_600_000
const refused = 'This code is not valid, or not any more'

describe('a member in a session', () => {
  let accounts: AccountHouse
  let page: Browser
  let other: Browser
  beforeEach(async () => {
    accounts = await AccountHouse.open()
    await accounts.ada()
    page = await signedIn()
    other = await signedIn()
  })
  afterEach(() => accounts.close())

  const signedIn = async (secret = password) => {
    const browser = new Browser(accounts.house)
    expect((await browser.signIn('ada', secret)).status).to.equal(201)
    return browser
  }
  const stands = async (browser: Browser) => (await browser.call('GET', 'session')).status

  it('changes the password by the one of now: another session takes the place of this one, others end, tokens stay', async () => {
    const token = await accounts.operator.done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['repo:*:write'] })
    const code = await accounts.resetCode()
    const before = (await page.call('GET', 'session')).json() as { csrfToken: string; authenticatedAt: string }
    const sid = page.sid ?? ''
    accounts.clock.advance(hour / 2)
    const changed = await page.call('POST', 'password', { body: { current: password, password: better } })
    expect(changed.status).to.equal(200)
    expect(changed.headers['set-cookie']).to.match(/^sid=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=604800, dev=/)
    expect(changed.json(), 'as old as before: the password alone is no second factor').to.deep.equal({
      ...before,
      csrfToken: page.csrf,
    })
    expect([page.sid === sid, page.csrf === before.csrfToken]).to.deep.equal([false, false])
    const cookie = { as: 'nobody' as const, headers: { cookie: `sid=${sid}` } }
    expect((await accounts.house.call('GET', '/acme/-/api/v1/session', cookie)).status, 'the id of before').to.equal(401)
    expect([await stands(page), await stands(other)]).to.deep.equal([200, 401])
    expect(await accounts.basic('ada', better)).to.equal(201)
    expect(await accounts.basic('ada', password)).to.equal(401)
    expect(await accounts.bearer(String(token['token']))).to.equal(201)
    expectRefusal(await accounts.post('password/reset', { token: code, password: better }), 400, 'RESET_INVALID', refused)
    expect((await accounts.mail()).map(({ to, subject, text }) => [to, subject, text.split('\n')[0]])).to.deep.equal([
      [
        'ada@acme.example',
        'Your password in acme was changed',
        'The password of ada in acme was changed, with the one before, at 2026-01-31 12:30 UTC.',
      ],
    ])
    expect(await accounts.places()).to.deep.equal(['member verified-email'])
    await signedIn(better)
  })

  it('changes it once where two sessions do so at the same moment: who comes second undoes nothing', async () => {
    const third = 'eleven-grey-storks'
    const changes = [better, third].map((to, index) =>
      (index === 0 ? page : other).call('POST', 'password', { body: { current: password, password: to } }),
    )
    const statuses = (await Promise.all(changes)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).to.have.length(1)
    const [kept, lost] = statuses[0] === 200 ? [better, third] : [third, better]
    expect([await accounts.basic('ada', kept), await accounts.basic('ada', lost)]).to.deep.equal([201, 401])
  })

  it('has to set another password first where its own could not be set today', async () => {
    const known =
      'pbkdf2+blake2b-512$000102030405060708090a0b$50000$144d25135fd74462dbbc2b1fc2c634d91d5d72a28c6bc16266b6feb1a9404124a7c520ede7275a930dc67b11a4870738ca917fca6d5ee55ea8855a3788616f12'
    await accounts.ada({ name: 'bo', email: 'bo@acme.example', password: undefined, passwordHash: known })
    const bo = new Browser(accounts.house)
    const begun = await bo.signIn('bo', 'password')
    expect(begun.status).to.equal(201)
    expect(begun.json()).to.deep.include({ state: 'mfa_pending', pending: 'password', methods: ['pwd'] })
    const words = 'Nothing else until this session has set another password: this one is among the first that are guessed'
    for (const [path, body] of [
      ['tokens', { name: 'ci', scopes: ['repo:*:write'] }],
      ['mfa/totp', undefined],
      ['email', { email: 'new@acme.example', current: 'password' }],
    ] as const)
      expectRefusal(await bo.call('POST', path, { body }), 403, 'password-pending', words)
    const same = await bo.call('POST', 'password', { body: { current: 'password', password: 'password' } })
    expect(same.status).to.equal(422)
    const changed = await bo.call('POST', 'password', { body: { current: 'password', password: better } })
    expect([changed.status, changed.json()]).to.deep.equal([
      200,
      { ...(begun.json() as object), state: 'authenticated', pending: null, csrfToken: bo.csrf },
    ])
    expect((await bo.call('POST', 'mfa/totp')).status).to.equal(201)
    const again = await bo.signIn('bo', better)
    expect(again.json()).to.deep.include({ state: 'authenticated', pending: null })
  })

  it('may end its tokens with it', async () => {
    const token = await accounts.operator.done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['repo:*:write'] })
    const body = { current: password, password: better, revokeTokens: true }
    expect((await page.call('POST', 'password', { body })).status).to.equal(200)
    expect(await accounts.bearer(String(token['token']))).to.equal(401)
  })

  it('is refused with a wrong password, a new one that is not taken, and without a session', async () => {
    expectRefusal(
      await page.call('POST', 'password', { body: { current: better, password: better } }),
      403,
      'WRONG_PASSWORD',
      'The password of now is another one',
    )
    expectRefusal(
      await page.call('POST', 'password', { body: { current: password, password: 'acme.example' } }),
      422,
      'PASSWORD_POLICY',
      'This password is made of a name that belongs to its account',
      { reasons: ['context'] },
    )
    const withoutToken = await page.call('POST', 'password', {
      body: { current: password, password: better },
      headers: { 'x-csrf-token': null },
    })
    expect(withoutToken.status).to.equal(403)
    expectForbidden(await accounts.operator.send('POST', 'password', { current: password, password: better }), 'account.manage')
    const token = await accounts.operator.done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['org:read'] })
    const headers = { authorization: `Bearer ${String(token['token'])}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ current: password, password: better })
    const byToken = await accounts.house.call('POST', '/acme/-/api/v1/password', { as: 'nobody', headers, body })
    expectForbidden(byToken, 'account.manage')
    expect([await stands(page), await stands(other)]).to.deep.equal([200, 200])
    expect(await accounts.mail()).to.deep.equal([])
  })

  it('does not guess the password of now without an end', async () => {
    const statuses: number[] = []
    for (let guess = 1; guess <= 12; guess += 1)
      statuses.push((await page.call('POST', 'password', { body: { current: `guess-${guess}`, password: better } })).status)
    expect(statuses.slice(0, 10)).to.deep.equal(Array(10).fill(403))
    expect(statuses.at(-1)).to.equal(429)
    expect(await stands(page)).to.equal(200)
  })

  it('waits for nobody who guesses behind the same address', async () => {
    const address = '203.0.113.5'
    const now = accounts.clock.now().getTime()
    const key = tenantKeys.secret('.', counterHash('source', sourceOf(address)), 'failures')
    const value = { v: 1, count: 100, from: now, last: now, until: now + hour }
    await accounts.house.parts.metadata.commit([{ op: 'put', key, value }], 'guessed')
    const headers = { 'x-forwarded-for': address }
    const stranger = new Browser(accounts.house, 'acme', headers)
    expect((await stranger.signIn('ada', password)).status).to.equal(429)
    const email = { email: 'new@acme.example', current: password }
    expect((await page.call('POST', 'email', { body: email, headers })).status).to.equal(202)
    const wanted = { current: password, password: better }
    expect((await page.call('POST', 'password', { body: wanted, headers })).status).to.equal(200)
  })

  it('has its sessions ended where an administrator sets the password, or a reset does', async () => {
    await accounts.operator.done('PUT', 'members/ada/password', { password: better })
    expect([await stands(page), await stands(other)]).to.deep.equal([401, 401])
    const again = await signedIn(better)
    await accounts.mail()
    const code = await accounts.resetCode()
    expect((await accounts.post('password/reset', { token: code, password })).status).to.equal(204)
    expect(await stands(again)).to.equal(401)
  })

  it('moves to another address by a code that went there; the old one is told, and can take it back', async () => {
    const asked = await page.call('POST', 'email', { body: { email: 'new@acme.example', current: password } })
    expect([asked.status, asked.json()]).to.deep.equal([202, { status: 'ok' }])
    const [confirm, ...more] = await accounts.mail()
    expect([confirm?.to, more]).to.deep.equal(['new@acme.example', []])
    const at = '2026-01-31T12:00:00.000Z'
    const old = { email: 'ada@acme.example', verifiedAt: at, by: 'administrator' }
    expect((await page.call('GET', 'email')).json()).to.deep.equal(old)
    const token = codeIn(confirm?.text ?? '')
    expect((await accounts.post('email/confirm', { token })).status).to.equal(204)
    expect((await page.call('GET', 'email')).json()).to.deep.equal({ email: 'new@acme.example', verifiedAt: at, by: 'member' })
    expectRefusal(await accounts.post('email/confirm', { token }), 400, 'RESET_INVALID', refused)
    const [notice] = await accounts.mail()
    expect([notice?.to, notice?.subject]).to.deep.equal(['ada@acme.example', 'Your address in acme was changed'])
    expect(notice?.text).to.include('until 2026-02-03 12:00 UTC')
    expect(await accounts.basic('ada@acme.example', password)).to.equal(401)
    expect(await accounts.basic('new@acme.example', password)).to.equal(201)

    const back = codeIn(notice?.text ?? '')
    accounts.clock.advance(72 * hour - 1)
    expect((await accounts.post('email/revert', { token: back })).status).to.equal(204)
    expect(await accounts.operator.done('GET', 'members/ada/email')).to.deep.equal({
      email: 'ada@acme.example',
      verifiedAt: '2026-02-03T11:59:59.999Z',
      by: 'member',
    })
    expect(await stands(page)).to.equal(401)
    expectRefusal(await accounts.post('email/revert', { token: back }), 400, 'RESET_INVALID', refused)
  })

  it('can be taken back although the password was changed behind it; not after three days', async () => {
    await page.call('POST', 'email', { body: { email: 'new@acme.example', current: password } })
    await accounts.post('email/confirm', { token: await accounts.oneCode() })
    const back = await accounts.oneCode()
    await page.call('POST', 'password', { body: { current: password, password: better } })
    expect((await accounts.post('email/revert', { token: back })).status).to.equal(204)
    await accounts.mail()
    await (await signedIn(better)).call('POST', 'email', { body: { email: 'new@acme.example', current: better } })
    const letters = await accounts.mail()
    const confirm = letters.find(({ to }) => to === 'new@acme.example')
    await accounts.post('email/confirm', { token: codeIn(confirm?.text ?? '') })
    const late = await accounts.oneCode()
    accounts.clock.advance(72 * hour)
    expectRefusal(await accounts.post('email/revert', { token: late }), 400, 'RESET_INVALID', refused)
  })

  it('keeps its address where the change is void: another password meanwhile, somebody else who has it', async () => {
    await page.call('POST', 'email', { body: { email: 'new@acme.example', current: password } })
    const first = await accounts.oneCode()
    await page.call('POST', 'password', { body: { current: password, password: better } })
    expectRefusal(await accounts.post('email/confirm', { token: first }), 400, 'RESET_INVALID', refused)
    await accounts.mail()
    await page.call('POST', 'email', { body: { email: 'new@acme.example', current: better } })
    const second = await accounts.oneCode()
    await accounts.ada({ name: 'bo', email: 'new@acme.example' })
    expectRefusal(
      await accounts.post('email/confirm', { token: second }),
      409,
      'conflict',
      'This email belongs to a member already',
    )
    expect((await accounts.operator.done('GET', 'members/ada/email'))['email']).to.equal('ada@acme.example')
  })

  it('asks for a code to its own address, and for a change with the password alone', async () => {
    expectRefusal(
      await page.call('POST', 'email', { body: { email: 'new@acme.example', current: better } }),
      403,
      'WRONG_PASSWORD',
      'The password of now is another one',
    )
    for (const email of ['new', 'a@b@c', ['new@acme.example'], 'x\r\nbcc: y@evil.example'])
      expect((await page.call('POST', 'email', { body: { email, current: password } })).status).to.equal(400)
    expect(await accounts.mail()).to.deep.equal([])
    expect((await page.call('POST', 'email/verification')).status).to.equal(202)
    expect((await accounts.mail()).map(({ to }) => to)).to.deep.equal(['ada@acme.example'])
  })
})
