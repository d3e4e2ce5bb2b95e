import { expect } from 'chai'
import type { PasswordScheme } from '../../../../core/auth/password-hash.js'
import { expectForbidden, expectRefusal, memberOf, type Thing } from '../../../support/management.js'
import { AccountHouse, password } from './account-house.js'

const older =
  'pbkdf2+blake2b-512$000102030405060708090a0b$50000$144d25135fd74462dbbc2b1fc2c634d91d5d72a28c6bc16266b6feb1a9404124a7c520ede7275a930dc67b11a4870738ca917fca6d5ee55ea8855a3788616f12'

describe('how passwords are hashed', () => {
  const opened: AccountHouse[] = []
  const open = async (passwordScheme: PasswordScheme, beside?: AccountHouse) => {
    const house = await AccountHouse.open({
      parts: async () => ({ passwordScheme }),
      ...(beside === undefined ? {} : { beside: beside.house }),
    })
    opened.push(house)
    return house
  }
  afterEach(async () => {
    for (const house of opened.splice(0).reverse()) await house.close()
  })
  const ledger = (house: AccountHouse, query = '') => house.operator.done('GET', `password/hashes${query}`)
  const pbkdf2 = { parameters: 'pbkdf2-blake2b512 i=50000,l=64,s=12', current: true }
  const argon2id = { parameters: 'argon2id m=19456,t=2,p=1,l=32,s=16', current: true }

  it('is told by numbers and accounts, a part at a time', async () => {
    const accounts = await open('pbkdf2-blake2b512')
    await accounts.operator.done('POST', 'members', { name: 'mia' })
    await accounts.operator.done('POST', 'members', { name: 'robot', kind: 'service' })
    const none = { parameters: 'none', current: true, accounts: 1 }
    expect(await ledger(accounts)).to.deep.equal({ items: [{ ...pbkdf2, accounts: 4 }, none], next: null })
    let [seen, parts] = [0, 0]
    for (let next: unknown = ''; next !== null; parts += 1) {
      const part = await ledger(accounts, `?limit=2${next === '' ? '' : `&cursor=${next}`}`)
      for (const { accounts: count } of part['items'] as readonly { readonly accounts: number }[]) seen += count
      next = part['next']
    }
    expect([seen, parts]).to.deep.equal([5, 3])
    expectForbidden(await memberOf(accounts.house, 'dora').send('GET', 'password/hashes'), 'members.manage')
    expect((await accounts.operator.send('GET', 'password/hashes?limit=10001')).status).to.equal(400)
  })

  it('is brought over from elsewhere, and made anew at the first login', async () => {
    const accounts = await open('pbkdf2-blake2b512')
    await accounts.ada({ password: undefined, passwordHash: older.replace('$50000$', '$50001$') })
    await accounts.operator.done('POST', 'members', { name: 'bo', passwordHash: older, role: 'developer' })
    const odd = { parameters: 'pbkdf2-blake2b512 i=50001,l=64,s=12', current: true, accounts: 1 }
    expect((await ledger(accounts))['items']).to.deep.equal([{ ...pbkdf2, accounts: 5 }, odd])
    expect(await accounts.basic('ada', 'password')).to.equal(401)
    expect(await accounts.basic('bo', 'password')).to.equal(201)
    expect(await accounts.basic('bo', 'password')).to.equal(201)
    const create = (body: Thing) => accounts.operator.send('POST', 'members', { name: 'cy', ...body })
    expectRefusal(
      await create({ passwordHash: 'bcrypt$abc' }),
      400,
      'invalid',
      'Unknown form of password hash, or its numbers are out of bounds',
    )
    expectRefusal(
      await create({ passwordHash: older, password }),
      400,
      'invalid',
      'A member has a password or the hash of one, not both',
    )
    expectRefusal(
      await create({ passwordHash: older, kind: 'service' }),
      400,
      'invalid',
      'A service account has no password; give it a token',
    )
    expect((await accounts.operator.send('GET', 'members/cy')).status).to.equal(404)
  })

  it('becomes Argon2id at the next login once that is what is set, and stays so when it is not', async () => {
    const before = await open('pbkdf2-blake2b512')
    await before.ada()
    const strong = await open('argon2id', before)
    expect((await ledger(strong))['items']).to.deep.equal([{ ...pbkdf2, current: false, accounts: 5 }])
    expect(await strong.basic('ada', password)).to.equal(201)
    expect((await ledger(strong))['items']).to.deep.equal([
      { ...pbkdf2, current: false, accounts: 4 },
      { ...argon2id, accounts: 1 },
    ])
    expect(await before.basic('ada', password)).to.equal(201)
    expect((await ledger(before))['items']).to.deep.equal([
      { ...pbkdf2, accounts: 4 },
      { ...argon2id, accounts: 1 },
    ])
    expect(await strong.basic('nobody', password)).to.equal(401)
  })
})
