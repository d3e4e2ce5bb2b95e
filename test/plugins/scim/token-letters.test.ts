import { expect } from 'chai'
import api from '../../../plugins/api/index.js'
import raw from '../../../plugins/raw/index.js'
import scim from '../../../plugins/scim/index.js'
import { AccountHouse } from '../api/accounts/account-house.js'

const day = 86_400_000

describe("the end of an identity provider's token", () => {
  let accounts: AccountHouse
  beforeEach(async () => {
    accounts = await AccountHouse.open({ plugins: [raw, api, scim] })
    await accounts.operator.done('PATCH', 'members/olga', { email: 'olga@acme.example' })
    await accounts.operator.done('PATCH', 'members/rita', { email: 'rita@acme.example' })
  })
  afterEach(() => accounts.close())

  const issue = (connection: string, expiresInDays: number) =>
    accounts.operator.done('POST', 'scim-tokens', { connection, expiresInDays })
  const letters = async () => {
    await accounts.house.kernel.chores.run('clock', { confirmed: true })
    await accounts.house.kernel.chores.run('scim-tokens')
    return (await accounts.mail()).map(({ to, subject, text }) => ({ to, subject, text }))
  }
  const later = async (days: number) => {
    accounts.clock.advance(days * day)
    return letters()
  }

  it('is told to the owners 30, 7 and 1 days before, each time once', async () => {
    const { id } = await issue('okta', 60)
    await issue('entra', 365)
    expect(await later(29)).to.deep.equal([])
    const [letter, ...more] = await later(1)
    expect(more).to.deep.equal([])
    expect(letter).to.deep.equal({
      to: 'olga@acme.example',
      subject: 'A token of okta for acme ends soon',
      text: [
        `The token ${id} of the identity provider okta ends at 2026-04-01 12:00 UTC. From then on okta changes nobody in acme, and takes nobody's access away.`,
        'Make a second one, put it into the identity provider, and revoke this one:',
        `  cloudrepo token create acme --scim --name okta\n  cloudrepo token revoke acme ${id} --scim`,
        'If it was changed over already, revoke this one.\n',
      ].join('\n\n'),
    })
    expect(await letters()).to.deep.equal([])
    expect(await later(22)).to.deep.equal([])
    expect(await later(1)).to.deep.equal([letter])
    expect(await later(5)).to.deep.equal([])
    expect(await later(1)).to.deep.equal([letter])
    expect(await letters()).to.deep.equal([])
    expect(await later(1)).to.deep.equal([])
  })

  it('is not told of one that is short by design more often than it changes, nor of one that was revoked meanwhile', async () => {
    const { id } = await issue('okta', 5)
    expect((await letters()).length).to.equal(1)
    expect(await later(3)).to.deep.equal([])
    accounts.clock.advance(day)
    await accounts.house.kernel.chores.run('clock', { confirmed: true })
    const { status } = await accounts.house.kernel.chores.run('scim-tokens')
    expect(status.last?.result).to.deep.equal({ told: 1 })
    await accounts.operator.done('DELETE', `scim-tokens/${id}`)
    expect(await accounts.mail()).to.deep.equal([])
  })
})
