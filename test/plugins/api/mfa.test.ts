import { expect } from 'chai'
import { TOTP } from 'otpauth'
import api from '../../../plugins/api/index.js'
import npm from '../../../plugins/npm/index.js'
import raw from '../../../plugins/raw/index.js'
import { Browser } from '../../support/browser.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse, type Somebody } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'

const minute = 60_000
const day = 24 * 60 * minute
const codeOf = (answer: { json(): unknown }) => (answer.json() as { code: string }).code

describe('second factors', () => {
  let clock: FixedClock
  let house: House
  let other: House

  beforeEach(async () => {
    clock = new FixedClock()
    const usual = { plugins: [api, npm, raw], clock, behindProxy: true, idle: true }
    house = await openHouse({
      ...usual,
      repositories: [
        { name: 'files', format: 'raw' },
        { name: 'js', format: 'npm' },
      ],
    })
    other = await openHouse({ ...usual, beside: house })
  })
  afterEach(async () => {
    await other.close()
    await house.close()
  })

  type Person = Exclude<Somebody, 'nobody'>
  const appOf = (secret: string) => () => new TOTP({ secret }).generate({ timestamp: clock.now().getTime() })
  const nextStep = () => clock.advance(30_000)
  const browse = async (who: Person, code?: string, at = house) => {
    const browser = new Browser(at)
    return { browser, answer: await browser.signIn(who, house.password(who), code) }
  }
  const enrol = async (who: Person) => {
    const { browser } = await browse(who)
    const begun = await browser.call('POST', 'mfa/totp')
    expect(begun.status).to.equal(201)
    const app = appOf((begun.json() as { secret: string }).secret)
    const confirmed = await browser.call('POST', 'mfa/totp/confirm', { body: { code: app() } })
    expect(confirmed.status).to.equal(200)
    const { recoveryCodes } = confirmed.json() as { recoveryCodes: string[] }
    return { browser, app, recoveryCodes, begun, confirmed }
  }
  const basic = (who: Person, at = house, headers: Record<string, string> = {}) => {
    const authorization = `Basic ${Buffer.from(`${who}:${house.password(who)}`).toString('base64')}`
    return at.call('GET', '/acme/files/', { as: 'nobody', headers: { authorization, ...headers } })
  }
  const setRules = async (body: object) => {
    const authorization = `Bearer ${house.operatorToken()}`
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await house.call('PATCH', '/-/api/v1/organizations/acme', {
      as: 'nobody',
      headers,
      body: JSON.stringify(body),
    })
    expect(answer.status, answer.text()).to.equal(200)
    return answer.json()
  }

  it('are set up by a code of the app, in an address that apps read, and end every other session', async () => {
    const before = await browse('dora')
    const { browser, begun, confirmed, recoveryCodes } = await enrol('dora')
    const { secret, uri } = begun.json() as { secret: string; uri: string }
    expect(secret).to.match(/^[A-Z2-7]{32}$/)
    expect(uri).to.equal(
      `otpauth://totp/cloudrepo%20acme:dora?issuer=cloudrepo%20acme&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
    )
    expect(recoveryCodes).to.have.length(10)
    for (const code of recoveryCodes) expect(code).to.match(/^[A-Z2-7]{5}-[A-Z2-7]{5}$/)
    expect(confirmed.json()).to.deep.include({
      state: 'authenticated',
      methods: ['pwd', 'otp'],
      secondFactor: { enrolled: true, required: false, recoveryCodes: 10 },
    })
    expect((await browser.call('GET', 'session')).status).to.equal(200)
    expect((await before.browser.call('GET', 'session')).status).to.equal(401)
    const again = await browser.call('POST', 'mfa/totp')
    expect([again.status, codeOf(again)]).to.deep.equal([409, 'MFA_ENROLLED'])
    for await (const { entry } of house.parts.metadata.scan()) {
      const text = JSON.stringify(entry)
      for (const shown of [secret, ...recoveryCodes, ...recoveryCodes.map((code) => code.replace('-', ''))])
        expect(text).to.not.include(shown)
    }
  })

  it('are asked for at the next sign-in: until then a session reaches nothing else', async () => {
    const { app } = await enrol('olga')
    nextStep()
    const { browser, answer } = await browse('olga')
    expect([answer.status, (answer.json() as { state: string; pending: string }).state]).to.deep.equal([201, 'mfa_pending'])
    const first = browser.sid
    for (const [method, path, body] of [
      ['GET', 'members', undefined],
      ['POST', 'tokens', { name: 'ci', scopes: ['org:read'] }],
      ['DELETE', 'mfa/totp', undefined],
      ['POST', 'mfa/recovery-codes', undefined],
    ] as const) {
      const refused = await browser.call(method, path, body === undefined ? {} : { body })
      expect([refused.status, codeOf(refused)], path).to.deep.equal([403, 'mfa-pending'])
    }
    const wrong = await browser.call('POST', 'mfa/verify', { body: { code: '000000' } })
    expect([wrong.status, codeOf(wrong)]).to.deep.equal([401, 'otp-invalid'])
    const shown = await browser.call('POST', 'mfa/verify', { body: { code: app() } })
    expect([shown.status, (shown.json() as { state: string }).state]).to.deep.equal([200, 'authenticated'])
    expect(browser.sid).to.not.equal(first)
    expect((await browser.call('GET', 'members')).status).to.equal(200)
    nextStep()
    const atOnce = await browse('olga', app())
    expect([atOnce.answer.status, (atOnce.answer.json() as { methods: string[] }).methods]).to.deep.equal([201, ['pwd', 'otp']])
    expect((await browse('olga', '000000')).answer.status).to.equal(401)
  })

  it('take each code once, in whatever process it is shown, one step early or late and no more', async () => {
    const { app } = await enrol('dora')
    expect((await browse('dora', app())).answer.status, 'the code of the confirmation').to.equal(401)
    nextStep()
    const code = app()
    const racing = await Promise.all([
      browse('dora', code),
      browse('dora', code, other),
      browse('dora', code),
      browse('dora', code, other),
    ])
    expect(racing.map(({ answer }) => answer.status).sort()).to.deep.equal([201, 401, 401, 401])
    clock.advance(5 * minute)
    const late = app()
    nextStep()
    expect((await browse('dora', late)).answer.status, 'a step behind').to.equal(201)
    expect((await browse('dora', app())).answer.status, 'a greater one').to.equal(201)
    clock.advance(5 * minute)
    const older = app()
    clock.advance(60_000)
    expect((await browse('dora', older)).answer.status, 'two steps behind').to.equal(401)
  })

  it('have codes for the day they are lost: once each, of nobody else, and void when new ones are made', async () => {
    const dora = await enrol('dora')
    const rita = await enrol('rita')
    const [first = '', second = '', third = ''] = dora.recoveryCodes
    const racing = await Promise.all([browse('dora', first), browse('dora', first.toLowerCase(), other)])
    expect(racing.map(({ answer }) => answer.status).sort()).to.deep.equal([201, 401])
    expect((await browse('dora', rita.recoveryCodes[0])).answer.status, "somebody else's").to.equal(401)
    const { browser, answer } = await browse('dora', second.replace('-', ' '))
    expect((answer.json() as { methods: string[] }).methods).to.deep.equal(['pwd', 'recovery'])
    expect((await browser.call('GET', 'mfa')).json()).to.deep.equal({ enrolled: true, required: false, recoveryCodes: 8 })
    const renewed = await browser.call('POST', 'mfa/recovery-codes')
    expect(renewed.status).to.equal(201)
    const { recoveryCodes } = renewed.json() as { recoveryCodes: string[] }
    expect(recoveryCodes).to.have.length(10)
    expect((await browse('dora', third)).answer.status).to.equal(401)
    expect((await browse('dora', recoveryCodes[0])).answer.status).to.equal(201)
  })

  it('answer 429 behind five wrong codes, and wait for nobody who comes from a known browser', async () => {
    const { app, browser: own } = await enrol('dora')
    const elsewhere = (n: number) => new Browser(house, 'acme', { 'x-forwarded-for': `198.51.100.${n}` })
    const statuses: number[] = []
    for (let n = 0; n < 7; n++) statuses.push((await elsewhere(n).signIn('dora', house.password('dora'), '000000')).status)
    expect(statuses).to.deep.equal([401, 401, 401, 401, 401, 429, 429])
    nextStep()
    const back = new Browser(house)
    back.cookies.set('dev', own.cookies.get('dev') ?? '')
    expect((await back.signIn('dora', house.password('dora'), app())).status).to.equal(201)
  })

  it('make a password useless at artifact addresses from the next request on, in every process, and say so', async () => {
    expect((await basic('dora')).status).to.equal(200)
    expect((await basic('dora', other)).status).to.equal(200)
    const { browser } = await enrol('dora')
    for (const at of [house, other]) {
      const refused = await basic('dora', at)
      expect(refused.status).to.equal(401)
      expect(refused.reason).to.equal('Here use an API token instead of the password')
      expect(refused.json()).to.deep.equal({ error: 'Here use an API token instead of the password', code: 'token-required' })
      expect(refused.headers['npm-notice']).to.equal('Here use an API token instead of the password')
    }
    expect((await house.call('GET', '/acme/files/', { as: 'dora' })).status, 'her token').to.equal(200)
    const wrong = await house.call('GET', '/acme/files/', {
      as: 'nobody',
      headers: { authorization: `Basic ${Buffer.from('dora:wrong horse').toString('base64')}` },
    })
    expect([wrong.status, wrong.reason], 'a wrong password hears nothing of it').to.deep.equal([401, 'Unauthorized'])
    expect((await browser.call('DELETE', 'mfa/totp')).status).to.equal(204)
    for (const at of [house, other]) expect((await basic('dora', at)).status).to.equal(200)
  })

  it('are wanted of everybody where the organization says so: with grace to set one up, then not at all', async () => {
    const { browser: old } = await browse('rita')
    expect(await setRules({ mfa: 'required', mfaGraceDays: 3 })).to.deep.include({
      mfa: 'required',
      mfaGraceDays: 3,
      passwordsOnArtifacts: 'allowed',
      codeOnPublish: false,
    })
    expect((await basic('dora', other)).status, 'no password at artifact addresses').to.equal(401)
    const waiting = await old.call('GET', 'repositories')
    expect([waiting.status, codeOf(waiting)], 'a session of before').to.deep.equal([403, 'mfa-enrolment'])
    const { browser, answer } = await browse('dora')
    expect(answer.json()).to.deep.include({ state: 'mfa_pending', pending: 'enrolment' })
    const refused = await browser.call('POST', 'tokens', { body: { name: 'ci', scopes: ['org:read'] } })
    expect([refused.status, codeOf(refused)]).to.deep.equal([403, 'mfa-enrolment'])
    const { browser: set } = await enrol('dora')
    expect((await set.call('GET', 'repositories')).status).to.equal(200)
    const kept = await set.call('DELETE', 'mfa/totp')
    expect([kept.status, codeOf(kept)]).to.deep.equal([409, 'MFA_REQUIRED'])
    clock.advance(3 * day - minute)
    expect((await browse('gus')).answer.status).to.equal(201)
    await setRules({ mfa: 'required' })
    clock.advance(minute)
    expect((await browse('gus')).answer.status, 'saying it once more begins nothing anew').to.equal(401)
    expect((await house.call('GET', '/acme/files/', { as: 'dora' })).status, 'tokens go on').to.equal(200)
    await setRules({ mfa: null, mfaGraceDays: null })
    expect((await browse('gus')).answer.json()).to.deep.include({ state: 'authenticated' })
  })

  it('are not wanted of who breaks the glass, and each time is logged', async () => {
    await setRules({ mfa: 'required', mfaGraceDays: 0 })
    expect((await browse('olga')).answer.status).to.equal(401)
    await operatorOf(house).done('PATCH', 'members/olga/sign-in', { breakGlass: true })
    const { answer } = await browse('olga')
    expect(answer.json()).to.deep.include({ state: 'authenticated', methods: ['pwd'] })
    expect(await actions('session.break-glass')).to.equal(1)
    expect((await basic('olga')).status, 'not at artifact addresses').to.equal(401)
  })

  it('are taken away by an owner or the operator alone: sessions end, grace begins anew, the log tells', async () => {
    const { browser } = await enrol('dora')
    await setRules({ mfa: 'required', mfaGraceDays: 1 })
    const { browser: olga } = await browse('olga')
    const pending = await olga.call('DELETE', 'members/dora/sign-in/second-factor')
    expect([pending.status, codeOf(pending)]).to.deep.equal([403, 'mfa-enrolment'])
    clock.advance(2 * day)
    expect(
      (await house.call('DELETE', '/acme/-/api/v1/members/dora/sign-in/second-factor', { as: 'olga' })).status,
      'a token',
    ).to.equal(403)
    await operatorOf(house).done('DELETE', 'members/dora/sign-in/second-factor')
    expect((await browser.call('GET', 'session')).status).to.equal(401)
    expect((await browse('dora')).answer.json()).to.deep.include({ state: 'mfa_pending', pending: 'enrolment' })
    expect(await actions('mfa.reset')).to.equal(1)
    const none = await house.call('DELETE', '/acme/-/api/v1/members/dora/sign-in/second-factor', {
      as: 'nobody',
      headers: { authorization: `Bearer ${house.operatorToken()}` },
    })
    expect([none.status, codeOf(none)]).to.deep.equal([409, 'MFA_NOT_ENROLLED'])
  })

  it("are nobody's where the organization has none", async () => {
    await setRules({ mfa: 'off' })
    const { browser } = await browse('dora')
    const refused = await browser.call('POST', 'mfa/totp')
    expect([refused.status, codeOf(refused)]).to.deep.equal([403, 'MFA_OFF'])
  })

  it('leave passwords useless at artifact addresses where the organization says so, and its owners may say it', async () => {
    const { browser } = await browse('olga')
    const changed = await browser.call('PATCH', 'organization', { body: { passwordsOnArtifacts: 'refused' } })
    expect([changed.status, (changed.json() as { passwordsOnArtifacts: string }).passwordsOnArtifacts]).to.deep.equal([
      200,
      'refused',
    ])
    for (const at of [house, other]) {
      const refused = await basic('dora', at)
      expect([refused.status, codeOf(refused)]).to.deep.equal([401, 'token-required'])
    }
    expect((await house.call('GET', '/acme/files/', { as: 'dora' })).status).to.equal(200)
    const { browser: dora } = await browse('dora')
    expect((await dora.call('PATCH', 'organization', { body: { passwordsOnArtifacts: 'allowed' } })).status).to.equal(403)
    expect((await browser.call('PATCH', 'organization', { body: { passwordsOnArtifacts: 'allowed' } })).status).to.equal(200)
    expect((await basic('dora', other)).status).to.equal(200)
  })

  async function actions(action: string): Promise<number> {
    let count = 0
    for await (const { entry } of house.parts.metadata.scan()) {
      const row = entry.value as { action?: string } | null
      if (entry.key.partition.includes('\0l\0') && row?.action === action) count += 1
    }
    return count
  }
})
