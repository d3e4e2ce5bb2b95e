import { expect } from 'chai'
import binaries from '../../../examples/new-format/binaries.js'
import { FixedClock } from '../../support/fixed-clock.js'
import { type House, openHouse } from '../../support/house.js'

describe('what was removed', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openHouse({
      plugins: [binaries],
      clock,
      repositories: [
        { name: 'one', format: 'binaries' },
        { name: 'two', format: 'binaries' },
      ],
    })
    for (const [organization, as] of [
      ['acme', 'dora'],
      ['beta', 'bert'],
    ] as const)
      for (const repository of ['one', 'two'])
        await house.call('PUT', `/${organization}/${repository}/tool/1.0.0`, { as, body: `${organization} ${repository}` })
  })
  afterEach(() => house.close())

  const later = async () => {
    clock.advance(600_001)
    await house.kernel.wakeReminders()
  }

  it('is cleaned up behind: rows of the repository alone, ten minutes after nobody can bring it back', async () => {
    const files = await house.storedFiles()
    await house.kernel.setup.deleteRepository('acme', 'one')
    expect((await house.call('GET', '/acme/one/tool/1.0.0')).status).to.equal(404)
    clock.advance(14 * 86_400_000)
    await house.kernel.wakeReminders()
    expect(await house.storedFiles()).to.have.length(files.length)
    await later()
    expect((await house.storedFiles()).filter((file) => !file.startsWith('beta/'))).to.deep.equal(['acme/two/tool/1.0.0'])
    expect((await house.call('GET', '/acme/two/tool/1.0.0')).text()).to.equal('acme two')
    expect((await house.call('GET', '/beta/one/tool/1.0.0', { as: 'bert' })).text()).to.equal('beta one')
  })

  it('is nothing at all of an organization: rows, blobs and keys', async () => {
    await house.kernel.setup.deleteOrganization('acme')
    expect((await house.call('GET', '/acme/one/tool/1.0.0')).status).to.equal(401)
    await later()
    expect(await house.storedFiles()).to.deep.equal(['beta/one/tool/1.0.0', 'beta/two/tool/1.0.0'])
    expect(await house.storedBlobs()).to.equal(2)
    expect((await house.call('GET', '/beta/two/tool/1.0.0', { as: 'bert' })).text()).to.equal('beta two')
  })
})
