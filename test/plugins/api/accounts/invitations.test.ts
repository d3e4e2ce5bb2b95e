import { expect } from 'chai'
import { codeIn } from '../../../support/mail-server.js'
import { expectForbidden, expectRefusal, memberOf, type Thing } from '../../../support/management.js'
import { AccountHouse, better, password } from './account-house.js'

const day = 24 * 3_600_000
const refused = 'This code is not valid, or not any more'

describe('an invitation', () => {
  let accounts: AccountHouse
  beforeEach(async () => {
    accounts = await AccountHouse.open()
  })
  afterEach(() => accounts.close())

  const invite = (more: Thing = {}) =>
    accounts.operator.done('POST', 'invitations', { email: 'ada@acme.example', role: 'developer', ...more })
  const accept = (token: string, more: Thing = {}) =>
    accounts.post('invitations/accept', { token, name: 'ada', password, ...more })

  it('becomes a member with the role of the invitation and a verified address, by the code that was mailed', async () => {
    const invitation = await invite()
    expect(invitation).to.deep.equal({
      id: invitation['id'],
      email: 'ada@acme.example',
      name: null,
      role: 'developer',
      invitedBy: invitation['invitedBy'],
      createdAt: '2026-01-31T12:00:00.000Z',
      expiresAt: '2026-02-07T12:00:00.000Z',
    })
    expect(await accounts.operator.items('invitations')).to.deep.equal([invitation])
    const [letter] = await accounts.mail()
    const code = codeIn(letter?.text ?? '')
    expect([letter?.to, letter?.subject]).to.deep.equal(['ada@acme.example', 'An invitation to acme'])
    expect(letter?.text).to.include(`https://repo.example.com/-/ui/acme/invitation#t=${code}\n`)
    expect(letter?.text).to.include('until 2026-02-07 12:00 UTC')

    const made = await accept(code, { displayName: 'Ada L.' })
    const member = made.json() as Thing
    expect([made.status, member]).to.deep.equal([
      201,
      {
        id: member['id'],
        name: 'ada',
        kind: 'member',
        email: 'ada@acme.example',
        displayName: 'Ada L.',
        role: 'developer',
        status: 'active',
        createdAt: '2026-01-31T12:00:00.000Z',
      },
    ])
    expect(made.headers['set-cookie']).to.equal(undefined)
    expect(await accounts.basic('ada', password)).to.equal(201)
    expect(await accounts.operator.done('GET', 'members/ada/email')).to.deep.equal({
      email: 'ada@acme.example',
      verifiedAt: '2026-01-31T12:00:00.000Z',
      by: 'invitation',
    })
    expect(await accounts.operator.items('invitations')).to.deep.equal([])
    expect(await accounts.places()).to.deep.equal(['member verified-email'])
    expectRefusal(await accept(code, { name: 'bo' }), 400, 'RESET_INVALID', refused)
  })

  it('is good for one member, whoever else tries at the same moment', async () => {
    await invite()
    const code = await accounts.oneCode()
    const answers = await Promise.all(['ada', 'bo', 'cy'].map((name) => accept(code, { name })))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 400, 400].sort())
    const names = (await accounts.operator.items('members')).map(({ name }) => name)
    expect(names.filter((name) => ['ada', 'bo', 'cy'].includes(String(name)))).to.have.length(1)
  })

  it('lasts a week to the millisecond, and can be taken back before', async () => {
    await invite()
    const code = await accounts.oneCode()
    accounts.clock.advance(7 * day - 1)
    expect((await accept(code, { password: 'short' })).status).to.equal(422)
    accounts.clock.advance(1)
    expectRefusal(await accept(code), 400, 'RESET_INVALID', refused)
    expect(await accounts.operator.items('invitations')).to.deep.equal([])

    await accounts.operator.done('POST', 'invitations', { email: 'late@acme.example' })
    accounts.clock.advance(7 * day)
    await accounts.mail()
    const { id } = await invite()
    expect((await accounts.places()).filter((place) => place === 'invitation')).to.have.length(1)
    const second = await accounts.oneCode()
    expectRefusal(await accept(code), 400, 'RESET_INVALID', refused)
    expect((await accounts.operator.send('DELETE', `invitations/${id}`)).status).to.equal(204)
    expectRefusal(await accept(second), 400, 'RESET_INVALID', refused)
    expectRefusal(await accounts.operator.send('DELETE', `invitations/${id}`), 404, 'not-found', `invitation not found: ${id}`)
    expect(await accounts.places()).to.deep.equal([])
  })

  it('that was taken back before it was mailed goes nowhere', async () => {
    const { id } = await invite()
    await accounts.operator.send('DELETE', `invitations/${id}`)
    expect(await accounts.mail()).to.deep.equal([])
    expect(await accounts.places()).to.deep.equal([])
  })

  it('fixes role and, where it says one, name; nothing else is taken along', async () => {
    await invite({ name: 'ada', role: undefined })
    const code = await accounts.oneCode()
    expectRefusal(await accept(code, { name: 'olga2' }), 400, 'invalid', 'This invitation is for the name ada')
    for (const field of ['role', 'email', 'status', 'organization'])
      expect((await accept(code, { [field]: 'owner' })).status).to.equal(400)
    const member = (await accept(code, { name: undefined })).json() as Thing
    expect([member['name'], member['role']]).to.deep.equal(['ada', null])
  })

  it('keeps its code where name or password are not taken', async () => {
    await invite()
    const code = await accounts.oneCode()
    expectRefusal(await accept(code, { name: 'olga' }), 409, 'conflict', 'This name belongs to a member already')
    expectRefusal(await accept(code, { name: undefined }), 400, 'invalid', 'Choose a name to sign in by')
    expectRefusal(
      await accept(code, { password: 'acme.example' }),
      422,
      'PASSWORD_POLICY',
      'This password is made of a name that belongs to its account',
      { reasons: ['context'] },
    )
    expect((await accept(code)).status).to.equal(201)
  })

  it('is not for who is there, nor for who is invited already', async () => {
    await accounts.ada()
    const send = (body: Thing) => accounts.operator.send('POST', 'invitations', body)
    expectRefusal(await send({ email: 'ADA@acme.example' }), 409, 'conflict', 'This email belongs to a member already')
    expectRefusal(
      await send({ email: 'bo@acme.example', name: 'olga' }),
      409,
      'conflict',
      'This name belongs to a member already',
    )
    await accounts.operator.done('POST', 'invitations', { email: 'bo@acme.example' })
    expectRefusal(
      await send({ email: 'BO@acme.example' }),
      409,
      'conflict',
      'This address is invited already; revoke that invitation first',
    )
    for (const email of ['bo', 'a@b@c', 'x\r\nbcc: y@evil.example@acme.example', ['a@b.example']])
      expect((await send({ email: email as never })).status).to.equal(400)
    expect((await accounts.mail()).map(({ to }) => to)).to.deep.equal(['bo@acme.example'])
  })

  it('comes from administrators; to owners from owners alone', async () => {
    const dora = memberOf(accounts.house, 'dora')
    expectForbidden(await dora.send('POST', 'invitations', { email: 'ada@acme.example' }), 'members.manage')
    expectForbidden(await dora.send('GET', 'invitations'), 'members.manage')
    expect((await accounts.post('invitations', { email: 'ada@acme.example' })).status).to.equal(401)
    expect(await accounts.places()).to.deep.equal([])
  })

  it('opens nothing in another organization', async () => {
    await invite()
    const code = await accounts.oneCode()
    const there = await accounts.house.call('POST', '/beta/-/api/v1/invitations/accept', {
      as: 'nobody',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: code, name: 'ada', password: better }),
    })
    expectRefusal(there, 400, 'RESET_INVALID', refused)
  })
})
