import { expect } from 'chai'
import { TOTP } from 'otpauth'
import { Browser } from '../../../support/browser.js'
import type { Answer } from '../../../support/house.js'
import { codeIn } from '../../../support/mail-server.js'
import { expectRefusal, instanceOf } from '../../../support/management.js'
import { processorTime } from '../../../support/processor-time.js'
import { AccountHouse, better, password } from './account-house.js'

const hour = 3_600_000
const refused = 'This code is not valid, or not any more'

describe('a forgotten password', () => {
  let accounts: AccountHouse
  beforeEach(async () => {
    accounts = await AccountHouse.open()
  })
  afterEach(() => accounts.close())

  it('is set by a code that was mailed to the verified address; nobody is signed in, and tokens die', async () => {
    await accounts.ada()
    const token = await accounts.operator.done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['repo:*:write'] })
    expect(await accounts.bearer(String(token['token']))).to.equal(201)
    expect(await accounts.basic('ada', password)).to.equal(201)

    const asked = await accounts.post('password/forgot', { email: 'ADA@acme.example' }, { from: '192.0.2.9' })
    expect([asked.status, asked.json()]).to.deep.equal([202, { status: 'ok' }])
    expect((await accounts.rows()).filter(([place]) => place.startsWith('mail'))).to.deep.equal([
      [
        'mail due',
        {
          v: 1,
          org: (await instanceOf(accounts.house).done('GET', 'organizations/acme'))['id'],
          subject: { kind: 'reset', login: 'ada@acme.example' },
          at: accounts.clock.now().getTime(),
          tries: 0,
          asked: { request: asked.headers['x-request-id'], source: { ip: '192.0.2.9' } },
        },
      ],
    ])
    const [letter, ...others] = await accounts.mail()
    expect(others).to.deep.equal([])
    expect([letter?.to, letter?.subject]).to.deep.equal(['ada@acme.example', 'Another password for acme'])
    const code = codeIn(letter?.text ?? '')
    expect(letter?.text).to.equal(
      [
        'Somebody asked for another password of ada in acme. If it was you, choose one here:',
        `  https://repo.example.com/-/ui/acme/reset#t=${code}`,
        `At a command line: cloudrepo account reset-password acme, with the code\n\n  ${code}`,
        'It works once, until 2026-01-31 14:00 UTC.',
        'If it was not you, nothing has to be done: the password stays as it is.\n',
      ].join('\n\n'),
    )
    expect(JSON.stringify(await accounts.rows())).not.to.include(code)

    const set = await accounts.post('password/reset', { token: code, password: better })
    expect([set.status, set.body.length, set.headers['set-cookie']]).to.deep.equal([204, 0, undefined])
    expect(await accounts.basic('ada', better)).to.equal(201)
    expect(await accounts.basic('ada', password)).to.equal(401)
    expect(await accounts.bearer(String(token['token']))).to.equal(401)
    expect((await accounts.mail()).map(({ to, subject }) => [to, subject])).to.deep.equal([
      ['ada@acme.example', 'Your password in acme was changed'],
    ])
    expect(await accounts.places()).to.deep.equal(['member verified-email'])
  })

  it('leaves the tokens where that is asked for', async () => {
    await accounts.ada()
    const token = await accounts.operator.done('POST', 'tokens', { member: 'ada', name: 'ci', scopes: ['repo:*:write'] })
    const code = await accounts.resetCode()
    expect((await accounts.post('password/reset', { token: code, password: better, keepTokens: true })).status).to.equal(204)
    expect(await accounts.bearer(String(token['token']))).to.equal(201)
  })

  it('is asked for with the same answer by and for everybody; mail goes to nobody else', async () => {
    await accounts.ada()
    await accounts.ada({ name: 'ines', email: 'ines@acme.example' })
    await accounts.operator.done('PATCH', 'members/ines', { status: 'inactive' })
    await accounts.ada({ name: 'una', email: 'una@acme.example', emailVerified: false })
    const answers: Answer[] = []
    for (const email of ['ada@acme.example', 'nobody@acme.example', 'ines@acme.example', 'una@acme.example', 'ada', 'x\u0000y'])
      answers.push(await accounts.post('password/forgot', { email }))
    answers.push(
      await accounts.house.call('POST', '/nowhere/-/api/v1/password/forgot', {
        as: 'nobody',
        headers: { 'content-type': 'application/json' },
        body: '{"email":"ada@acme.example"}',
      }),
    )
    const without = ({ status, headers, body }: (typeof answers)[number]) => {
      const { 'x-request-id': _, date: _date, ...rest } = headers
      return { status, rest, body: body.toString() }
    }
    for (const answer of answers) expect(without(answer)).to.deep.equal(without(answers[0] as (typeof answers)[number]))
    expect((await accounts.mail()).map(({ to }) => to)).to.deep.equal(['ada@acme.example'])
  })

  it('takes one address and no list of them, and writes nothing for anything else', async () => {
    await accounts.ada()
    for (const body of [
      '{"email":["ada@acme.example","x@evil.example"]}',
      '{"email":{"0":"ada@acme.example"}}',
      '{"email":""}',
      `{"email":"${'a'.repeat(255)}"}`,
      '{"email":"ada@acme.example","email":"x@evil.example"}',
      '{"email":"ada@acme.example","cc":"x@evil.example"}',
      '{"__proto__":{"email":"ada@acme.example"}}',
      '{}',
      '[]',
      'null',
      '{',
      `{"email":"${'a'.repeat(1_000_000)}"}`,
      `{"email":${'['.repeat(100_000)}`,
    ]) {
      const worked = processorTime()
      const answer = await accounts.post('password/forgot', body)
      expect(answer.status, body.slice(0, 80)).to.equal(400)
      expect(worked(), body.slice(0, 80)).to.be.lessThan(150)
    }
    expect(await accounts.mail()).to.deep.equal([])
    expect(await accounts.places()).to.deep.equal(['member verified-email'])
  })

  it('never leads where a request says that it goes', async () => {
    await accounts.ada()
    const headers = {
      host: '127.0.0.1',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    }
    await accounts.post('password/forgot', { email: 'ada@acme.example' }, { headers })
    await accounts.post('password/forgot', { email: 'ada@acme.example' }, { headers: { host: 'evil.example' } })
    const letters = await accounts.mail()
    expect(letters).to.have.length(2)
    for (const { text } of letters) {
      expect(text).to.include('https://repo.example.com/-/ui/acme/reset#t=')
      expect(text).not.to.include('evil')
    }
  })

  it('has two hours for it, to the millisecond', async () => {
    await accounts.ada()
    const [first, second] = [await accounts.resetCode(), await accounts.resetCode()]
    accounts.clock.advance(2 * hour - 1)
    expect((await accounts.post('password/reset', { token: first, password: 'short' })).status).to.equal(422)
    accounts.clock.advance(1)
    for (const token of [first, second])
      expectRefusal(await accounts.post('password/reset', { token, password: better }), 400, 'RESET_INVALID', refused)
    expect(await accounts.basic('ada', password)).to.equal(201)
  })

  it('is set once, whoever else tries at the same moment, and one code voids the others', async () => {
    await accounts.ada()
    const [first, second] = [await accounts.resetCode(), await accounts.resetCode()]
    const answers = await Promise.all(
      [better, 'ten-blue-otters', 'two-grey-wolves'].map((password) =>
        accounts.post('password/reset', { token: first, password }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 400, 400])
    for (const token of [first, second])
      expectRefusal(await accounts.post('password/reset', { token, password: better }), 400, 'RESET_INVALID', refused)
    expect(await accounts.places()).to.deep.equal(['mail due', 'member verified-email'])
  })

  it('refuses wrong, foreign, used and malformed codes with one answer', async () => {
    await accounts.ada()
    const code = await accounts.resetCode()
    const there = await accounts.house.call('POST', '/beta/-/api/v1/password/reset', {
      as: 'nobody',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: code, password: better }),
    })
    expectRefusal(there, 400, 'RESET_INVALID', refused)
    for (const token of [
      '',
      'x',
      code.toUpperCase(),
      `${code} `,
      code.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      '3f0c6a1e-5d0b-4c9e-8f57-0a1b2c3d4e5f',
      'a'.repeat(100_000),
      '\u0000',
    ])
      expectRefusal(await accounts.post('password/reset', { token, password: better }), 400, 'RESET_INVALID', refused)
    for (const body of [
      { token: [code], password: better },
      { token: code },
      { token: code, password: [better] },
      { token: code, password: better, member: 'olga' },
    ])
      expect((await accounts.post('password/reset', body)).status).to.equal(400)
    expect(await accounts.basic('ada', password)).to.equal(201)
    expect((await accounts.post('password/reset', { token: code, password: better })).status).to.equal(204)
  })

  it('is not consumed by looking at it, nor by a password that is not taken', async () => {
    await accounts.ada()
    await instanceOf(accounts.house).done('PATCH', 'organizations/acme', { minPasswordLength: 15 })
    const code = await accounts.resetCode()
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT'])
      expect((await accounts.house.call(method, '/acme/-/api/v1/password/reset', { as: 'nobody' })).status).to.be.oneOf([
        204, 401, 405,
      ])
    const tried = async (password: string, reason: string, detail: string) =>
      expectRefusal(await accounts.post('password/reset', { token: code, password }), 422, 'PASSWORD_POLICY', detail, {
        reasons: [reason],
      })
    await tried('nine-green-her', 'too-short', 'A password has at least 15 characters')
    await tried('password123password123', 'blocklisted', 'This password is among the first that are guessed')
    await tried('ada@acme.example', 'context', 'This password is made of a name that belongs to its account')
    await tried('a\u0007'.repeat(10), 'characters', 'A password holds printing characters and spaces alone')
    await tried('x'.repeat(257), 'too-long', 'A password has at most 256 characters and 1024 bytes')
    expect((await accounts.post('password/reset', { token: code, password: better })).status).to.equal(204)
  })

  it('dies with what its account was: another password, no account, no organization', async () => {
    await accounts.ada()
    const first = await accounts.resetCode()
    await accounts.operator.done('PUT', 'members/ada/password', { password: 'ten-blue-otters' })
    expectRefusal(await accounts.post('password/reset', { token: first, password: better }), 400, 'RESET_INVALID', refused)
    await accounts.mail()
    const second = await accounts.resetCode()
    await accounts.operator.done('PATCH', 'members/ada', { status: 'inactive' })
    expectRefusal(await accounts.post('password/reset', { token: second, password: better }), 400, 'RESET_INVALID', refused)
    await accounts.operator.done('PATCH', 'members/ada', { status: 'active' })
    const third = await accounts.resetCode()
    await instanceOf(accounts.house).done('PATCH', 'organizations/acme', { status: 'suspended' })
    expectRefusal(await accounts.post('password/reset', { token: third, password: better }), 400, 'RESET_INVALID', refused)
    await instanceOf(accounts.house).done('PATCH', 'organizations/acme', { status: 'active' })
    await accounts.operator.done('DELETE', 'members/ada')
    expectRefusal(await accounts.post('password/reset', { token: third, password: better }), 400, 'RESET_INVALID', refused)
    expect(await accounts.places()).to.deep.equal([])
  })

  it('is asked for ten times an hour from one address, and mailed three times an hour to one account', async () => {
    await accounts.ada()
    const from = '192.0.2.1'
    for (let count = 1; count <= 10; count += 1)
      expect((await accounts.post('password/forgot', { email: 'ada@acme.example' }, { from })).status).to.equal(202)
    const eleventh = await accounts.post('password/forgot', { email: 'ada@acme.example' }, { from })
    expect([eleventh.status, eleventh.headers['retry-after']]).to.deep.equal([429, '3600'])
    expect(await accounts.mail()).to.have.length(3)
    accounts.clock.advance(hour)
    expect((await accounts.post('password/forgot', { email: 'ada@acme.example' }, { from })).status).to.equal(202)
    for (let count = 1; count <= 4; count += 1) await accounts.post('password/forgot', { email: 'ada@acme.example' })
    // Five codes are out, and live, at the most.
    expect(await accounts.mail()).to.have.length(2)
    expect((await accounts.places()).filter((place) => place === 'code')).to.have.length(5)
  })

  it('is counted over all processes', async () => {
    await accounts.ada()
    const beside = await AccountHouse.open({ beside: accounts.house }, accounts.clock)
    const from = '192.0.2.3'
    const ask = (house: AccountHouse) => house.post('password/forgot', { email: 'ada@acme.example' }, { from })
    const statuses: number[] = []
    for (let count = 1; count <= 6; count += 1) for (const house of [accounts, beside]) statuses.push((await ask(house)).status)
    expect(statuses).to.deep.equal([...Array(10).fill(202), 429, 429])
    const code = codeIn((await beside.mail())[0]?.text ?? '')
    const answers = await Promise.all(
      [accounts, beside].map((house) => house.post('password/reset', { token: code, password: better })),
    )
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 400])
    expect(await beside.basic('ada', better)).to.equal(201)
    expect(await accounts.basic('ada', password)).to.equal(401)
    await beside.close()
  })

  it('lets an address guess twenty times an hour', async () => {
    await accounts.ada()
    const code = await accounts.resetCode()
    const from = '192.0.2.2'
    const token = '3f0c6a1e-5d0b-4c9e-8f57-0a1b2c3d4e5f'
    for (let count = 1; count <= 20; count += 1)
      expect((await accounts.post('password/reset', { token, password: better }, { from })).status).to.equal(400)
    const answer = await accounts.post('password/reset', { token: code, password: better }, { from })
    expect([answer.status, answer.headers['retry-after']]).to.deep.equal([429, '3600'])
    expect((await accounts.post('password/reset', { token: code, password: better })).status).to.equal(204)
  })

  it('leaves the second factor as it is: it is asked for behind the new password', async () => {
    await accounts.ada()
    const page = new Browser(accounts.house)
    await page.signIn('ada', password)
    const begun = (await page.call('POST', 'mfa/totp')).json() as { secret: string }
    const code = new TOTP({ secret: begun.secret }).generate({ timestamp: accounts.clock.now().getTime() })
    expect((await page.call('POST', 'mfa/totp/confirm', { body: { code } })).status).to.equal(200)
    await accounts.mail()
    const token = await accounts.resetCode()
    expect((await accounts.post('password/reset', { token, password: better })).status).to.equal(204)
    expect((await new Browser(accounts.house).signIn('ada', better)).json()).to.include({
      state: 'mfa_pending',
      pending: 'code',
    })
    expect(await accounts.basic('ada', better)).to.equal(401)
  })

  it('waits while nothing is written, and says why', async () => {
    await accounts.ada()
    const code = await accounts.resetCode()
    await instanceOf(accounts.house).done('PATCH', 'organizations/acme', { readOnly: 'moving house' })
    expect((await accounts.post('password/forgot', { email: 'ada@acme.example' })).status).to.equal(202)
    const answer = await accounts.post('password/reset', { token: code, password: better })
    expect([answer.status, (answer.json() as { detail: string }).detail]).to.deep.equal([
      503,
      'This organization is read-only: moving house',
    ])
    expect(await accounts.mail()).to.deep.equal([])
    await instanceOf(accounts.house).done('PATCH', 'organizations/acme', { readOnly: null })
    expect((await accounts.post('password/reset', { token: code, password: better })).status).to.equal(204)
  })

  it('is written into the log with who did what, and no secret', async () => {
    await accounts.ada()
    const code = await accounts.resetCode()
    await accounts.post('password/reset', { token: code, password: better })
    const rows: string[] = []
    for await (const { entry } of accounts.house.parts.metadata.scan())
      if (entry.key.partition.split('\0')[1] === 'l') rows.push(JSON.stringify(entry.value))
    const mailed = rows.map((row) => JSON.parse(row) as { action: string; source?: { ip: string } })
    expect(mailed.find(({ action }) => action === 'reset.mailed')?.source?.ip).to.match(/^10\./)
    const actions = rows.map((row) => (JSON.parse(row) as { action: string }).action)
    expect(actions).to.include.members(['reset.mailed', 'password.reset'])
    for (const row of rows) for (const secret of [code, better, 'ada@acme.example']) expect(row).not.to.include(secret)
  })
})

describe('a forgotten password where no mail goes out', () => {
  it('is answered 503 with the reason, to everybody', async () => {
    const accounts = await AccountHouse.open({ parts: async () => ({}) })
    await accounts.ada()
    for (const email of ['ada@acme.example', 'nobody@acme.example']) {
      const answer = await accounts.post('password/forgot', { email })
      expect([answer.status, (answer.json() as { detail: string }).detail]).to.deep.equal([
        503,
        'This server sends no mail: its operator sets CLOUDREPO_PUBLIC_URL, and CLOUDREPO_MAIL_URL',
      ])
    }
    expect(await accounts.places()).to.deep.equal(['member verified-email'])
    await accounts.close()
  })
})
