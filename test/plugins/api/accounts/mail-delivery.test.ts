import { expect } from 'chai'
import type { House } from '../../../support/house.js'
import { codeIn } from '../../../support/mail-server.js'
import { AccountHouse, better } from './account-house.js'

const minute = 60_000
const hour = 60 * minute

describe('mail on its way', () => {
  let accounts: AccountHouse
  beforeEach(async () => {
    accounts = await AccountHouse.open()
    await accounts.ada()
  })
  afterEach(() => accounts.close())

  const ran = async () => (await accounts.house.kernel.chores.get('mail')).last?.result ?? null

  it('is sent by another process where the one that promised it is gone, and once', async () => {
    const beside = await AccountHouse.open({ beside: accounts.house as House }, accounts.clock)
    await accounts.post('password/forgot', { email: 'ada@acme.example' })
    expect(await beside.mail()).to.have.length(1)
    await beside.close()
    expect(await accounts.mail()).to.have.length(0)
  })

  it('that fails comes again later, with a new code each time; the one before is dead', async () => {
    const said: string[] = []
    accounts.mailbox.failing = 1
    const send = accounts.mailbox.send.bind(accounts.mailbox)
    accounts.mailbox.send = async (mail) => {
      said.push(codeIn(mail.text))
      await send(mail)
    }
    await accounts.post('password/forgot', { email: 'ada@acme.example' })
    expect(await accounts.mail()).to.deep.equal([])
    expect((await accounts.places()).filter((place) => place.startsWith('mail'))).to.deep.equal(['mail due'])
    accounts.clock.advance(minute / 12 - 1)
    expect(await accounts.mail()).to.deep.equal([])
    accounts.clock.advance(1)
    expect(await accounts.mail()).to.have.length(1)
    const [dead = '', live = ''] = said
    expect(dead).not.to.equal(live)
    expect((await accounts.post('password/reset', { token: dead, password: better })).status).to.equal(400)
    expect((await accounts.post('password/reset', { token: live, password: better })).status).to.equal(204)
  })

  it('is parked after a day of failures, tried again when an operator says so, and given up after a month', async () => {
    await accounts.operator.done('POST', 'invitations', { email: 'bo@acme.example' })
    accounts.mailbox.failing = 8
    const pauses = [0, 1 / 12, 1, 10, 30, 120, 360, 900]
    for (const pause of pauses) {
      accounts.clock.advance(pause * minute)
      expect(await accounts.mail()).to.deep.equal([])
    }
    expect(accounts.mailbox.failing).to.equal(0)
    expect((await accounts.places()).filter((place) => place.startsWith('mail'))).to.deep.equal(['mail parked'])
    accounts.clock.advance(hour)
    expect(await accounts.mail()).to.deep.equal([])
    await accounts.house.kernel.chores.run('mail', { confirmed: true }, 10_000)
    expect(accounts.mailbox.take().map(({ to }) => to)).to.deep.equal(['bo@acme.example'])
    expect((await ran())?.['sent']).to.equal(1)

    accounts.mailbox.undeliverable = true
    await accounts.operator.done('POST', 'invitations', { email: 'cy@acme.example' })
    await accounts.mail()
    expect((await accounts.places()).filter((place) => place.startsWith('mail'))).to.deep.equal(['mail parked'])
    accounts.clock.advance(25 * 24 * hour)
    await accounts.operator.done('POST', 'invitations', { email: 'di@acme.example' })
    await accounts.mail()
    expect((await accounts.places()).filter((place) => place.startsWith('mail'))).to.have.length(1)
    const [{ id } = { id: '' }] = await accounts.operator.items('invitations')
    await accounts.operator.send('DELETE', `invitations/${String(id)}`)
    accounts.clock.advance(hour)
    await accounts.mail()
    expect((await accounts.places()).filter((place) => place.startsWith('mail'))).to.deep.equal([])
    await accounts.operator.done('POST', 'invitations', { email: 'ed@acme.example' })
    await accounts.mail()
    accounts.clock.advance(30 * 24 * hour)
    await accounts.mail()
    expect((await accounts.places()).filter((place) => place.startsWith('mail'))).to.deep.equal([])
  })

  it('is not sent where its reason is gone meanwhile', async () => {
    accounts.mailbox.failing = 1
    await accounts.post('password/forgot', { email: 'ada@acme.example' })
    await accounts.mail()
    accounts.clock.advance(10 * minute)
    await accounts.operator.done('PUT', 'members/ada/password', { password: better })
    expect((await accounts.mail()).map(({ subject }) => subject)).to.deep.equal(['Your password in acme was changed'])
    await accounts.post('password/forgot', { email: 'ada@acme.example' })
    await accounts.operator.done('PATCH', 'members/ada', { status: 'inactive' })
    expect(await accounts.mail()).to.deep.equal([])
    await accounts.operator.done('PATCH', 'members/ada', { status: 'active' })
    await accounts.post('password/forgot', { email: 'ada@acme.example' })
    await accounts.operator.done('DELETE', 'members/ada')
    expect(await accounts.mail()).to.deep.equal([])
    expect((await accounts.places()).filter((place) => place.startsWith('mail'))).to.deep.equal([])
  })

  it('holds no secret while it waits, and says how much does', async () => {
    accounts.mailbox.failing = 2
    await accounts.post('password/forgot', { email: 'ada@acme.example' })
    await accounts.operator.done('POST', 'invitations', { email: 'bo@acme.example' })
    await accounts.mail()
    const waiting = JSON.stringify((await accounts.rows()).filter(([place]) => place.startsWith('mail')))
    expect(waiting).not.to.match(/[0-9a-f]{8}-[0-9a-f]{4}-/)
    const figure = accounts.house.kernel.figures().find(({ name }) => name === 'mails_waiting')
    expect(await figure?.read()).to.equal(2)
  })
})
