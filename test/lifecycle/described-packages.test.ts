import { expect } from 'chai'
import { bothLists } from '../support/both-lists.js'
import { FixedClock } from '../support/fixed-clock.js'
import type { House } from '../support/house.js'
import { operatorOf } from '../support/management.js'
import { buildSdist } from '../support/sdist-builder.js'
import { openShelves, shelves } from '../support/shelves.js'
import { multipart, uploadParts } from '../support/upload-form.js'

describe('what documents say of a package', () => {
  let house: House
  let clock: FixedClock
  beforeEach(async () => {
    clock = new FixedClock()
    house = await openShelves(clock)
  })
  afterEach(() => house.close())

  const expectAgreement = async (packages?: number) => {
    const { listed, described } = await bothLists(house)
    expect(described).to.deep.equal(listed)
    expect(JSON.stringify(Object.entries(described).sort())).to.equal(JSON.stringify(Object.entries(listed).sort()))
    if (packages !== undefined) expect(Object.keys(listed)).to.have.length(packages)
  }

  for (const shelf of shelves.filter(({ format }) => format !== 'raw')) {
    const at = (version: string) => `packages/${shelf.format}/${shelf.name}/${shelf.version(version)}`

    it(`of ${shelf.format} is what search shows: published, promoted, removed and brought back in any order`, async () => {
      for (const version of ['1.0.0', '3.0.0', '2.0.0']) {
        await shelf.publish(house, shelf.format, version)
        clock.advance(60_000)
        await expectAgreement(1)
      }
      for (const version of ['2.0.0', '3.0.0']) {
        await operatorOf(house).done('POST', `${at(version)}/promote`, { to: `${shelf.format}-2` })
        clock.advance(60_000)
        await expectAgreement(2)
      }
      for (const order of [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
        [0, 2, 1],
      ]) {
        for (const [version, packages] of [
          ['3.0.0', 2],
          ['1.0.0', 2],
          ['2.0.0', 1],
        ] as const) {
          await operatorOf(house).done('DELETE', at(version))
          clock.advance(1_000)
          await expectAgreement(packages)
        }
        const deleted = await operatorOf(house).items(`deleted?repository=${shelf.format}`)
        for (const index of order) {
          await operatorOf(house).done('POST', `deleted/${shelf.format}/${deleted[index]?.['id']}/undo`)
          await expectAgreement()
        }
        await expectAgreement(2)
      }
    })
  }

  it('of pypi comes back to the list with the first file after all were removed', async () => {
    const pypi = shelves.find(({ format }) => format === 'pypi')
    await pypi?.publish(house, 'pypi', '1.0.0')
    await operatorOf(house).done('DELETE', 'packages/pypi/demo-lib/1.0.0')
    await expectAgreement(0)
    const sdist = await buildSdist({ name: 'demo-lib', version: '1.0.0' })
    const { headers, body } = multipart(uploadParts(sdist, 'demo-lib', '1.0.0', {}))
    expect((await house.call('POST', '/acme/pypi/', { headers, body })).status).to.equal(200)
    await expectAgreement(1)
  })
})
