import { expect } from 'chai'
import { TOTP } from 'otpauth'
import { counterHash } from '../../../core/auth/failure-counters.js'
import { tenantKeys } from '../../../core/storage/tenant-keys.js'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import { Browser } from '../../support/browser.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'
import { operatorOf } from '../../support/management.js'
import { outcome, People, QuickHash, refusal } from '../../support/people.js'

const password = 'plum harbour 42'
const day = 24 * 60 * 60_000

function quickly(): People {
  return new People(undefined, undefined, new QuickHash())
}
/** Another process over the same rows, which has seen no password yet. */
function beside({ store, clock }: People): People {
  return new People(store, clock, new QuickHash())
}

describe('an attack on one account', () => {
  it('of 10,000 wrong passwords from 500 addresses costs a hundred derivations, and keeps neither its build nor its tokens waiting', async () => {
    const people = quickly()
    await people.register().create('acme')
    const directory = await people.directory('acme')
    const ada = await directory.createMember({ name: 'ada', role: 'developer', password })
    await directory.createMember({ name: 'bob', role: 'developer', password })
    const administration = await people.administration('acme')
    const scopes = [{ kind: 'repository', repository: '*', level: 'write' }] as const
    const { token } = await administration.issueToken(ada.id, { name: 'ci', scopes })
    const build = '203.0.113.5'
    expect(await outcome(people.basic('acme', 'ada', password, build))).to.equal('fine')

    const before = people.hashes.checks
    const answers = new Map<string, number>()
    for (let guess = 0; guess < 10_000; guess += 1) {
      const { kind, detail } = await refusal(
        people.basic('acme', 'ada', `wrong guess ${guess}`, `198.18.${guess % 2}.${guess % 250}`),
      )
      const said = `${kind} ${String(detail['code'] ?? '')}`
      answers.set(said, (answers.get(said) ?? 0) + 1)
      if (guess % 500 !== 499) continue
      const other = beside(people)
      expect(await outcome(other.basic('acme', 'ada', password, build)), `behind ${guess}`).to.equal('fine')
      expect(await outcome(other.bearer('acme', token, '198.18.0.1')), `behind ${guess}`).to.equal('fine')
    }
    expect(Object.fromEntries(answers)).to.deep.equal({ 'unauthenticated ': 100, 'unauthenticated attacked': 9_900 })
    expect(people.hashes.checks - before).to.equal(100)

    const stranger = await refusal(beside(people).basic('acme', 'ada', password, '192.0.2.9'))
    expect(stranger.message).to.equal('This account is being guessed at: use an API token instead of the password')
    expect(await outcome(beside(people).basic('acme', 'bob', password, '192.0.2.9')), 'another account').to.equal('fine')
    people.clock.advance(day)
    expect(await outcome(beside(people).basic('acme', 'ada', password, '192.0.2.9')), 'a day later').to.equal('fine')
  })

  it('knows a place for thirty days from the last time it was entered from there', async () => {
    const people = quickly()
    await people.register().create('acme')
    await (await people.directory('acme')).createMember({ name: 'ada', password })
    expect(await outcome(people.basic('acme', 'ada', password, '203.0.113.5'))).to.equal('fine')
    people.clock.advance(29 * day)
    const attack = async () => {
      for (let guess = 0; guess < 100; guess += 1)
        await outcome(people.basic('acme', 'ada', `wrong ${guess}`, `198.18.0.${guess}`))
    }
    await attack()
    expect(await outcome(beside(people).basic('acme', 'ada', password, '203.0.113.5'))).to.equal('fine')
    people.clock.advance(30 * day)
    await attack()
    const late = await refusal(beside(people).basic('acme', 'ada', password, '203.0.113.5'))
    expect(late.detail['code']).to.equal('attacked')
  })

  it('holds what others did behind one address against nobody who has got in from there', async () => {
    const people = quickly()
    await people.register().create('acme')
    const directory = await people.directory('acme')
    for (const name of ['ada', 'bob']) await directory.createMember({ name, password })
    const office = '203.0.113.5'
    expect(await outcome(people.basic('acme', 'ada', password, office))).to.equal('fine')
    for (let guess = 0; guess < 100; guess += 1) await outcome(people.basic('acme', `nobody ${guess}`, 'wrong guess', office))
    const other = beside(people)
    expect(await outcome(other.basic('acme', 'ada', password, office))).to.equal('fine')
    expect(await outcome(other.basic('acme', 'bob', password, office)), 'never seen there').to.equal('throttled')
  })

  describe('as browsers meet it', () => {
    let clock: FixedClock
    let house: House
    before(async () => {
      clock = new FixedClock()
      house = await openHouse({ plugins: [raw, api], clock, behindProxy: true, idle: true })
    })
    after(() => house.close())
    const at = (address: string) => new Browser(house, 'acme', { 'x-forwarded-for': address })

    /** So many failures, as if they had been tried. */
    async function guessed(browser: Browser, count: number): Promise<void> {
      const { id: org } = (await operatorOf(house).done('GET', 'organization')) as { id: string }
      const { member } = (await browser.call('GET', 'session')).json() as { member: { id: string } }
      const key = tenantKeys.secret(org, counterHash('account', `${org} ${member.id}`), 'failures')
      const now = clock.now().getTime()
      const value = { v: 1, count, from: now, last: now, until: now + day }
      await house.parts.metadata.commit([{ op: 'put', key, value }], `guessed ${member.id}`)
    }

    it('leaves sessions alone, lets a known browser in, and asks a strange one for a second factor', async () => {
      const [dora, olga] = [at('203.0.113.5'), at('203.0.113.6')]
      await dora.signIn('dora', house.password('dora'))
      await olga.signIn('olga', house.password('olga'))
      const { secret } = (await olga.call('POST', 'mfa/totp')).json() as { secret: string }
      const app = () => new TOTP({ secret }).generate({ timestamp: clock.now().getTime() })
      expect((await olga.call('POST', 'mfa/totp/confirm', { body: { code: app() } })).status).to.equal(200)
      clock.advance(30_000)
      for (const browser of [dora, olga]) await guessed(browser, 99)
      for (const login of ['dora', 'olga']) expect((await at('198.18.0.1').signIn(login, 'wrong guess')).status).to.equal(401)

      expect((await dora.call('GET', 'session')).status).to.equal(200)
      const moved = at('192.0.2.77')
      moved.cookies.set('dev', dora.cookies.get('dev') ?? '')
      expect((await moved.signIn('dora', house.password('dora'))).status, 'the same browser elsewhere').to.equal(201)
      const strange = await at('192.0.2.78').signIn('dora', house.password('dora'))
      expect([strange.status, (strange.json() as { code: string }).code]).to.deep.equal([401, 'attacked'])
      expect((await at('192.0.2.78').signIn('olga', house.password('olga'), app())).status, 'with a second factor').to.equal(201)
      const attacks: unknown[] = []
      const failures: unknown[] = []
      for await (const { entry } of house.parts.metadata.scan()) {
        const row = entry.value as { action?: string; target?: { kind: string } } | null
        if (row?.action === 'throttle.attack') attacks.push(row.target?.kind)
        if (row?.action === 'session.refused') failures.push(row.target?.kind)
      }
      expect(attacks).to.deep.equal(['login', 'login'])
      expect(failures).to.deep.equal(['member', 'member'])
    })
  })
})
